// The built-in chat without reloading. Without this script the page's forms do the same.
"use strict";

const log = document.getElementById("log");
const composer = document.getElementById("end");
const box = document.getElementById("text");
const status = composer.querySelector(".status");
let after = log.dataset.after;
let dots = log.dataset.dots;
let asked = false; // something was said or pressed here, and its answer is still to come

document.documentElement.classList.add("js");

function say(words) {
  if (status.textContent !== words) status.textContent = words;
}

function showClocks(place) {
  for (const clock of place.querySelectorAll(".clock")) {
    clock.textContent = new Date(clock.dateTime).toTimeString().slice(0, 5);
  }
}

// A message longer than the screen is shown from its beginning, a shorter one whole. At once:
// while the page still glides, nobody can tell whether the reader is at its end.
function reveal(line) {
  if (line) log.scrollTop = line.offsetTop - 16;
}

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  showClocks(template.content);
  return template.content.firstElementChild;
}

function replace(old, line) {
  const focused = old.contains(document.activeElement);
  old.replaceWith(line);
  if (focused) (line.querySelector("form button") || line.querySelector(".bubble")).focus({ preventScroll: true });
}

function take(news) {
  const follows = log.scrollHeight - log.scrollTop - log.clientHeight < 200;
  const fresh = [];
  let changed = null;
  if (news.whole) log.replaceChildren();
  for (const { id, html } of news.lines) {
    const old = document.getElementById(id);
    if (!html) old?.remove();
    else if (old) replace(old, (changed = parse(html)));
    else fresh.push(log.appendChild(parse(html)));
  }
  if (fresh.length && (follows || asked || fresh[0].matches(".theirs"))) reveal(fresh[0]);
  else if (follows && changed === log.lastElementChild) reveal(changed); // it may have grown
  if (changed || fresh.some((line) => line.matches(".ours"))) asked = false;
  document.querySelector(".empty").hidden = log.childElementCount > 0;
  ({ after, dots } = news);
  const unread = dots.split(",");
  for (const link of document.querySelectorAll("[data-person]")) {
    link.classList.toggle("unread", unread.includes(link.dataset.person));
  }
}

function visible() {
  return document.hidden
    ? new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }))
    : Promise.resolve();
}

async function follow() {
  for (;;) {
    await visible();
    try {
      const url = new URL(log.dataset.news, location);
      url.searchParams.set("after", after);
      url.searchParams.set("dots", dots);
      const answer = await fetch(url);
      if (!answer.ok) throw new Error(answer.status);
      take(await answer.json());
      if (status.textContent === log.dataset.lost) say("");
    } catch {
      say(log.dataset.lost);
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}

async function post(form, button) {
  const body = new URLSearchParams(new FormData(form));
  if (button?.name) body.set(button.name, button.value);
  form.setAttribute("aria-busy", "true");
  asked = true;
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Script": "yes" } });
    say(answer.ok ? "" : await answer.text());
    return answer.ok;
  } catch {
    say(log.dataset.lost);
    return false;
  } finally {
    form.removeAttribute("aria-busy");
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const button = event.submitter;
  if (form !== composer && !form.matches(".buttons")) return;
  event.preventDefault();
  if (form.hasAttribute("aria-busy")) return;
  if (button?.name === "hint" && button.value.endsWith(" ")) {
    box.value = button.value + box.value;
    box.focus();
  } else if ((await post(form, button)) && form === composer && button?.name !== "hint") {
    box.value = "";
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button || button.dataset.label) return;
  await navigator.clipboard.writeText(button.dataset.copy ?? button.nextElementSibling.textContent);
  button.dataset.label = button.textContent;
  button.textContent = log.dataset.copied;
  say(log.dataset.copied);
  setTimeout(() => {
    button.textContent = button.dataset.label;
    delete button.dataset.label;
    say("");
  }, 2000);
});

box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (box.value.trim()) composer.requestSubmit(composer.querySelector(".send"));
});

showClocks(log);
reveal(log.lastElementChild);
document.querySelector("[aria-current=page]")?.scrollIntoView({ block: "nearest", inline: "center" });
follow();
