// What only a script can do on the action page: copy, print, and a line of the reader's own.
// Nothing is sent or kept: the page's policy allows no connection, and a fragment stays here.
"use strict";

const said = document.querySelector(".said");
const own = document.getElementById("own");
const mails = [...document.querySelectorAll("a[data-mail]")].map((link) => [link, link.href]);
const long = document.getElementById("own-long");
const LONGEST = 1800; // as in handlers/mailto.py: what every mail program takes
const sheets = [...document.querySelectorAll("a[data-sheet]")].map((link) => [link, link.href]);

// Between the greeting and the rest, in a mail program's address as on the page.
function filled(href, line) {
  return href.replace(/([?&]body=)([^&]*)/, (_, name, body) => {
    const [greeting, ...rest] = decodeURIComponent(body).split("\r\n\r\n");
    return name + encodeURIComponent([greeting, line.replace(/\n/g, "\r\n"), ...rest].join("\r\n\r\n"));
  });
}

// The first of these addresses that has a letter and still opens with the line in it.
function holding(line, ...hrefs) {
  const whole = hrefs.filter((href) => href?.includes("body=")).map((href) => filled(href, line));
  return whole.find((href) => href.length <= LONGEST);
}

function put(line) {
  const text = document.getElementById("text");
  if (text) text.querySelector("[data-own]").textContent = line ? `${line}\n\n` : "";
  let says = "";
  for (const [link, href] of mails) {
    const main = link === mails[0][0];
    const found = line ? holding(line, href, link.dataset.roomy) : href;
    if (!found) says ||= main ? long?.dataset.main : long?.dataset.others;
    link.href = found || (main ? href.replace(/[?&]body=[^&]*/, "") : href);
  }
  if (long) long.textContent = says || "";
  for (const [link, href] of sheets) link.href = line ? `${href}#own=${encodeURIComponent(line)}` : href;
}

async function copy(button) {
  const from = document.getElementById(button.dataset.copyFrom);
  await navigator.clipboard.writeText(from ? from.textContent : button.dataset.copy);
  said.textContent = said.dataset.copied;
  setTimeout(() => { said.textContent = ""; }, 2000);
}

if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copy], [data-copy-from]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
if (own) {
  document.querySelector(".own").hidden = false;
  own.addEventListener("input", () => put(own.value.trim()));
  put(own.value.trim()); // a browser may have kept it on the way back
} else if (location.hash.startsWith("#own=")) {
  put(decodeURIComponent(location.hash.slice(5)));
}
