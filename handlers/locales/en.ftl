### English. One file a language: copy it, translate it, and the language is there.
### {$p} is what commands begin with: "/" or "!".

## Refusals

not-a-command =
    I only understand commands. {$p}help lists them, {$p}actions shows what you can do now.
command-unknown = There is no command {$p}{$name}. {$p}help lists all commands.
command-unknown-near = There is no command {$p}{$name}. Did you mean {$p}{$near}? {$p}help lists all.
private-only = {$p}{$name} works only in a private chat with me. Nothing was done.
organisers-only = {$p}{$name} is for organisers. Nothing was done. {$p}help shows what you can use.
owners-only = {$p}{$name} is for owners. Nothing was done.
command-stale = This {$p}{$name} was written more than ten minutes ago, so nothing was sent. Write it again if you still mean it.
message-unreadable = You have written something that I cannot decrypt: its key has not come. Nothing was done. Please write it again. If I cannot read that either, open a new chat with me.
keys-compared = Your app compares its encryption key with mine. I see: { $emoji }
keys-compared-limit = If your app shows the same signs in the same order, confirm there. If not, cancel there, and tell whoever runs this bot in another way. Whoever controls the homeserver could have changed this message. To rule that out, have the signs in Tocsin’s log read to you on the telephone.
doubt-forwarded = A forwarded {$p}{$name} is not carried out. If you mean it, write it yourself.
doubt-edited = An edited message is not carried out. Write {$p}{$name} as a new message.
doubt-anonymous = I cannot see who wrote this, so {$p}{$name} was not carried out. Write it in a private chat with me.
doubt-channel = I cannot see who wrote this, so {$p}{$name} was not carried out. Write it in a private chat with me.
doubt-bot = Messages written through another bot are not carried out. Write {$p}{$name} yourself.
doubt-plaintext = This message was not encrypted although the room is, so {$p}{$name} was not carried out. Write it again from your usual client.
doubt-stranger = {$p}{$name} was not carried out: it came from a session that I do not know as yours. Write it from your usual one, or verify this session in your client and write it again. If you had to set up encryption anew, ask an owner to take your role away and to invite you again.
doubt-unproved = {$p}{$name} was not carried out: this chat is not encrypted, and I know you by your encryption key. Write it in your encrypted chat with me.
doubt-unencrypted = {$p}{$name} was not carried out: this chat is not encrypted, so I cannot know that it was you. Open an encrypted chat with me and write it there.
doubt-repeated = {$p}{$name} was not carried out: I have read this very message before. If you mean it, write it again.
doubt-reaction = {$p}{$name} was not carried out: reactions are not encrypted, so I cannot be sure whose this is. Write the command instead.
doubt-unverified = I could not find out who wrote this, so {$p}{$name} was not carried out. Wait a minute and write it again; if that does not help, verify your session in your client.
admins-only = Only administrators of this group can change what it gets. Nothing was changed.
admins-unknown = I could not find out whether you administer this group. Nothing was changed. Please try again in a minute.
admins-doubted = I could not make sure who wrote this. Nothing was changed. Write it again, encrypted, from your usual client.
admins-anonymous = You write anonymously, so I cannot see that you administer this group. Turn off “Remain anonymous” or write as yourself. Nothing was changed.
button-foreign = This button belongs to another chat or was not made by me. Nothing was done. {$p}help lists the commands.
button-stale = This button is too old. Nothing was done. Write the command instead: {$p}help lists them.
button-unread = I cannot tell any more what this choice stands for. Nothing was done. Write the command beside it instead; {$p}help lists all commands.
our-fault = Something went wrong on our side (number {$number}). Nothing was changed. Please try again; if it happens again, tell the organisers the number.
maybe-a-repeat = You may have received this message already.

## Words people type as answers, with commas between them; those of every language work in all

said-all = all, everything
said-yes = yes
said-off = off, no, none
said-skip = skip, none
said-full = full, letters
said-information = information, info
said-auto = auto, automatic
said-urgent = urgent, only urgent

## The three taps

language-name = English
start-title = Tocsin: urgent alerts
start-greeting =
    When someone is arrested or put on trial, letters in the first two days help most. You get a notice with a letter ready to send and the address of the embassy in your country.

    Three taps and you are set. Stop at any time with {$p}unsubscribe. What is stored about you: {$p}privacy
start-greeting-group =
    When someone is arrested or put on trial, letters in the first two days help most. This group gets a notice with a letter ready to send and the address of the embassy in its country.

    An administrator sets it up here. Stop at any time with {$p}unsubscribe. What is stored: {$p}privacy
start-group-seen = Everybody in this group sees who else is in it. Who would rather not be seen here writes to the bot alone.
start-all-set-information = You are subscribed, to information only.
start-all-set = You are subscribed. Notices show the embassy for: { $country }.
ask-language = Which language? / На каком языке?
ask-country = In which country do you live? Notices will show the embassy there. Press a button or write the name.
ask-country-group = In which country is this group? Notices will show the embassy there. An administrator presses a button or writes {$p}country and the name.
ask-what = What do you want to hear about?
ask-what-nothing-yet = There is no open case yet. Follow everything, and the first alert will reach you.
button-skip = Skip
button-language = Language / Язык
button-off = Off
follow-all = all cases
follow-all-button = Everything
follow-country = all cases in { $country }
subscribed = You will get every urgent notice about: { $what }.
subscribed-already = You follow this already: { $what }.
subscribe-full = Too many new subscriptions are coming in at once, so no new ones are taken for the moment. Yours was not made. Please press or write this again in { $minutes } minutes.
newcomers-alarm = { $count } new chats have subscribed within an hour. If you did not call for it, somebody may be flooding the list. Alerts reach those who were there before first. On the server, cap_per_hour in [subscriptions] limits new subscriptions.
subscribed-next = To stop: {$p}unsubscribe. To change country, language or quiet hours: {$p}settings.
subscribe-no-campaign = There is no campaign for { $country } here. {$p}actions shows what you can follow. If you live there, write { $command }.
button-my-embassy = My embassy
button-actions = What I can do now
button-settings = Settings
button-stop = Stop this

## Changing and stopping

unsubscribed-all = Stopped. You will get no more notices. {$p}subscribe starts them again; {$p}forget erases everything about you.
unsubscribed-nothing = You get no notices, so there is nothing to stop. {$p}subscribe starts them.
unsubscribed-last = Stopped: { $what }. You follow nothing now and will get no more notices. {$p}subscribe starts again.
unsubscribed-more-left = Stopped: { $what }. You still follow: { $left }.
unsubscribed-not-followed = You do not follow { $what } by itself, but: { $left }. Notices about it come from there. Stop everything?
button-stop-all = Stop everything
pause-nothing = You follow nothing, so there is nothing to pause. {$p}subscribe starts notices.
pause-how-long = For how long? Nothing will be sent to you meanwhile, urgent notices neither.
pause-unreadable = “{ $text }” is not a time I understand. Write {$p}pause 7d, {$p}pause 12h or {$p}pause 2w (at most 90 days).
paused = Paused until { $until }. Then notices start again by themselves.
button-resume = Resume now
button-pause = Pause
resumed = Notices come again: { $what }.

## Settings

settings-title = Settings
settings-follows = You follow: { $what }
settings-nothing = nothing
settings-paused = { $what } (paused until { $until })
settings-country = Country: { $country }
settings-language = Language: { $language }
settings-timezone = Time zone: { $zone }
settings-quiet = Quiet hours: { $hours }
settings-notices = Notices: { $which }
notices-everything = everything as it comes
notices-urgent = only what is urgent
settings-content = Content: { $which }
content-is-full = with letters and addresses
content-is-information = information only
content-is-auto = with letters and addresses; information only about the country you live in
settings-unset = not set
settings-none = none
settings-how-to-stop = Stop: {$p}unsubscribe. Erase everything about you: {$p}forget.
button-follow = What to follow
button-country = Country
button-timezone = Time zone
button-quiet = Quiet hours
button-notices = Which notices
button-notices-all = Everything
button-notices-urgent = Only urgent
button-forget = Erase my data
country-set = Country: { $country }.
country-skipped = No country set. Notices will name a general address instead of your embassy. Set it later with {$p}country.
country-unknown = I do not know a country “{ $text }”. Write its name, for example Ireland, or its two letters, IE: {$p}country IE. Nothing was changed.
country-which = I am not sure which country “{ $text }” is. Did you mean one of these?
language-set = From now on in English.
language-unknown = I do not speak “{ $text }”. I know: { $known }. Nothing was changed.
timezone-ask = Your time zone is { $zone }. To change it, write a city, for example London.
timezone-unknown = I do not know a time zone for “{ $text }”. Write a large city near you, for example {$p}timezone Vienna. Nothing was changed.
timezone-which = “{ $text }” can mean several time zones. Which one?
timezone-set = Time zone: { $zone }. It is now { $now } there.
quiet-ask = In which hours should messages arrive without a sound? They still arrive at once. Write {$p}quiet 22:00-07:00 or press.
quiet-set = Between { $start } and { $end } ({ $zone }) messages arrive without a sound.
quiet-off = No quiet hours: every message makes a sound.
notices-ask = Which notices do you want? “Only urgent” leaves out what can wait; urgent alerts then reach you among the first. Hearings are announced either way. Write {$p}notices all or {$p}notices urgent, or press.
notices-set-all = You get everything as it comes.
notices-set-urgent = You get only what is urgent, and hearings.
notices-unreadable = “{ $text }” is neither all nor urgent. Write {$p}notices all or {$p}notices urgent. Nothing was changed.
content-ask = What should messages contain? “Information only” leaves out letters, addresses and everything that asks you to act. By itself this holds for cases of the country you live in. Write {$p}content full, {$p}content information or {$p}content auto, or press.
content-set-full = Messages contain letters and addresses, also about the country you live in. Think first whether that is safe for you.
content-set-information = From now on you get information only: no letters, no addresses.
content-set-auto = About the country you live in you get information only, about others letters and addresses too.
content-unreadable = “{ $text }” is neither full, information nor auto. Write {$p}content information. Nothing was changed.
content-by-country = About cases there you get information only. {$p}content changes that.
content-no-letter = You get information only, so there is no letter here. {$p}content changes that.
button-content = What messages contain
button-content-full = Letters and addresses
button-content-information = Information only
button-content-auto = By my country
quiet-unreadable = “{ $text }” is not a span of hours. Write {$p}quiet 22:00-07:00, or {$p}quiet off. Nothing was changed.

## Cases

case-none-yet = There is no case yet. Organisers bring one in with “tocsin import”.
case-unknown = I do not know a case “{ $text }”. {$p}actions lists them.
case-unknown-near =
    I do not know a case “{ $text }”. Did you mean:
    { $cases }
case-ambiguous =
    “{ $text }” can mean several cases. Write the id of one:
    { $cases }

## The notice

notice-headline = { $headline }
notice-case = { $case } · { $country }
notice-what-to-do = What to do:
notice-corrected = Corrected on { $issued }. This stands in place of what you were sent before.
withdrawn-title = Withdrawn: { $headline }
withdrawn-ask = This notice was taken back. Please do not write about it any more. If you have written already, there is nothing you need to do.
withdrawn-information = This notice was taken back.
withdrawn-reason = Why: { $reason }
notice-ask = Write to the address below today, in your own words.
notice-ask-by = Write to the address below by { $deadline }, in your own words.
notice-ask-letter = Send the letter below today.
notice-ask-letter-by = Send the letter below by { $deadline }.
notice-before-hearing = the hearing on { $when } ({ $place } time)
notice-hearing = Next hearing: { $when } ({ $place } time)
notice-no-embassy = No embassy or consulate of { $country } is known that answers for { $own }. Write here instead:
notice-no-country = Tell me your country with {$p}country, and the next notice shows the embassy of { $country } there. Until then write here:
notice-embassy-unreachable = Write here instead:
notice-letter = The letter
notice-letter-subject = Subject: { $subject }
notice-letter-how = Copy it, write your name, town and country where the square brackets are, and change whatever you like: letters in your own words count for more.
letter-to = To:
letter-copies = Copies:
letter-other-language = The letter is in { $language }, which they read best. This is what it says:
letter-long = This letter is long and may have come in several messages. {$p}files { $case } sends it in one file.
mail-filled = { $address } (opens your mail program with the letter in it)
mail-short = { $address } (opens your mail program with a shorter letter; the whole one is below)
mail-empty = { $address } (opens your mail program; copy the letter into it)
notice-text = From the organisers
notice-case-heading = The case
notice-charges = Charges
notice-charge = { $text } ({ $law }, Article { $article })
notice-penalty = Threatened penalty: { $penalty }
notice-demands = What to ask for
notice-others = Others to write to
notice-copies = Please send a copy to the organisers:
notice-foot =
    Issued { $issued }
    More about the case: {$p}case { $case }
    Stop notices about it: {$p}unsubscribe { $case }, about everything: {$p}unsubscribe
notice-foot-channel = Issued { $issued }
button-action-page = Open, send or print the letter
button-copy-email = Copy the e-mail address
button-copy-fax = Copy the fax number
button-copy-postal = Copy the postal address
button-copy-subject = Copy the subject
button-case = The case
button-stop-case = Stop this case

## Alerts, for organisers

alert-usage =
    Write the case, a headline, and below it the text:

    {$p}alert bokayev-ayan Trial opens tomorrow
    What happened and why it matters now.

    This is in your language, English. For readers of another add below: [ru] and the headline in it, then its text. Targets, demands and the letter come from the case.
alert-no-headline = The headline ({ $code }) is missing. Write it behind the case on the first line: {$p}alert CASE Trial opens tomorrow. Nothing was prepared.
alert-long-headline = The headline has { $count } characters; at most { $most } fit on a lock screen. Move the rest into the text. Nothing was prepared.
alert-long-text = The text has { $count } characters; at most { $most } are sent. Readers need the letter more than a long text. Shorten it and send the command again. Nothing was prepared.
alert-unknown-language = “[{ $code }]” is not a language I have texts for. Known: { $known }. Nothing was prepared.
alert-language-twice = There is more than one headline in “{ $code }”. What stands first is in your own language; each other one stands once below, with its language in brackets. Nothing was prepared.
alert-which = Which alert? Write its number behind the command, for example 12.
alert-unknown = There is no alert { $code }. {$p}alert prepares one.
alert-other-content = Alert { $code } has other content than the one you name. Look at it again with {$p}preview. Nothing was done.
alert-locked = Sending is locked. An owner can lift it with {$p}lockdown off. Nothing was sent.
alert-is-draft = Alert { $code } is still a draft.
alert-is-scheduled = Alert { $code } is approved already and will go out. {$p}cancel { $code } stops it.
alert-is-sending = Alert { $code } is going out right now. {$p}cancel { $code } stops it.
alert-is-sent = Alert { $code } has gone out already. Nothing was sent twice. {$p}correct { $code } changes it, {$p}retract { $code } takes it back.
alert-is-retracted = Alert { $code } went out and was taken back. Prepare a new one with {$p}alert.
alert-stopped = { $count ->
        [one] Alert { $code } is stopped: one reader does not get it any more. {$p}retract { $code } takes it back from those who have it.
       *[other] Alert { $code } is stopped: { $count } readers do not get it any more. {$p}retract { $code } takes it back from those who have it.
    }
alert-is-cancelled = Alert { $code } was cancelled. Prepare a new one with {$p}alert.
alert-is-expired = Alert { $code } was not approved within a day and is void. Prepare a new one with {$p}alert.
alert-already-scheduled = Somebody else was faster: alert { $code } is on its way.
alert-no-second = Alert { $code } needs the yes of a second organiser, and none has written to me yet. Ask one to send me {$p}start. Your yes was not counted.
alert-waits = { $count ->
        [one] Your yes to alert { $code } is noted. One other organiser has been asked for the second.
       *[other] Your yes to alert { $code } is noted. { $count } other organisers have been asked for the second.
    }
alert-please-approve = Alert { $code } needs a second yes. Look at it first; approving starts the sending.
alert-goes-out = Alert { $code } goes out in { $span }. Any organiser can stop it until then.
alert-starts = Alert { $code } is going out.
alert-cancelled = Alert { $code } is cancelled. Nothing was sent.
close-which = Which case? Write {$p}close and its id; {$p}actions lists the open ones. Nothing was changed.
close-ask = { $count ->
        [one] How did “{ $case }” end? Pressing one of these closes it at once: nothing more leaves about it, every copy of its notices from the last week is changed to say so, and one follower is told the outcome.
       *[other] How did “{ $case }” end? Pressing one of these closes it at once: nothing more leaves about it, every copy of its notices from the last week is changed to say so, and { $count } followers are told the outcome.
    } To write it instead: {$p}close { $id } freed (or clear, drop, won, over)
close-already = The case { $case } is closed already. {$p}reopen { $case } opens it. Nothing was changed.
case-is-closed = { $count ->
        [one] The case { $case } is closed. One copy is being changed, and its followers are told. {$p}reopen { $case } opens it again.
       *[other] The case { $case } is closed. { $count } copies are being changed, and its followers are told. {$p}reopen { $case } opens it again.
    }
reopen-is-open = The case { $case } is open. Nothing was changed.
case-is-reopened = The case { $case } is open again. Nobody was told: {$p}alert { $case } prepares a new alert. Notices that were changed stay so.
closed-title = Closed: { $case }
closed-freed = Released
closed-clear = Acquitted
closed-drop = Charges dropped
closed-won = The demand was met
closed-over = This action is over
closed-ask = Please do not write about it any more. Thank you to everybody who did.
closed-ask-instead = This stands in place of what you were sent before. Please do not write about it any more. If you have written already: thank you, there is nothing else to do.
alert-case-closed = Alert { $code } is cancelled: its case is closed. Nothing was sent.
correct-usage =
    Write the number of the alert, the right headline, and below it the right text:

    {$p}correct 12 Trial opens on Friday in Atyrau
    What happened and why it matters now.

    Everybody who has the alert sees it change; whoever has not gets the new one. You see a preview first.
retract-is-draft = Alert { $code } has not gone out. {$p}cancel { $code } calls it off. Nothing was changed.
retract-is-scheduled = Alert { $code } has not gone out yet. {$p}cancel { $code } stops it. Nothing was changed.
retract-is-cancelled = Alert { $code } never went out. Nothing was changed.
retract-is-expired = Alert { $code } never went out. Nothing was changed.
retract-is-retracted = Alert { $code } is taken back already. Nothing was changed.
retract-why = Alert { $code } will be taken back from everybody who has it, and they are asked not to act on it. Why? Write one sentence for the readers, or press.
retract-long-reason = The reason has { $count } characters; at most { $most } are sent. Shorten it. Nothing was changed.
button-no-reason = Take it back without a reason
retracted = { $count ->
        [0] Alert { $code } is taken back. Nobody had it yet.
        [one] Alert { $code } is being taken back from one reader.
       *[other] Alert { $code } is being taken back from { $count } readers.
    }
schedule-when = When? Write a day and a time in your time zone ({ $zone }), for example: tomorrow 08:00
schedule-past = { $when } is over already. Write a time that lies ahead. Nothing was changed.
preview-title = Preview of alert { $code }
preview-audience = { $count ->
        [0] Nobody follows this case yet.
        [one] Goes to one subscriber.
       *[other] Goes to { $count } subscribers.
    }
preview-wordings = Letters differ from reader to reader: each demand comes in one of the wordings in the campaign file. This one has the first of each.
preview-corrects = Stands in place of alert { $number } for everybody who has it.
preview-information = Readers in { $country }, and whoever asked for it, get information only: this headline and the facts of the case, without your text, the letter, demands and addresses. Keep the headline to facts.
preview-countries = Countries: { $list }
preview-languages = Languages: { $list }
preview-few = fewer than { $least } readers in each
preview-others = others { $count }
preview-no-country = no country
preview-warnings = Please check:
preview-seen-as = What a reader sees ({ $country }, { $language }):
warn-nobody = Nobody would get it.
warn-deadline = The deadline of the case, { $deadline }, is over.
warn-target = No usable contact for: { $office }.
warn-no-embassy = { $count ->
        [one] No embassy with an address is known for readers in { $countries }; they are given the fallback address.
       *[other] No embassy with an address is known for readers in: { $countries }. They are given the fallback address.
    }
warn-no-country = { $count ->
        [one] One reader has set no country and is given the fallback address.
       *[other] { $count } readers have set no country and are given the fallback address.
    }
warn-no-letter = The case has no model letter.
warn-language = There are readers of { $language }, but no headline in it: they see another language. How to add one: {$p}help alert
button-send = Send
button-send-for-approval = Send for approval
button-approve = Approve and send
button-schedule = Schedule…
button-cancel-alert = Cancel
button-see-as = As in { $country } · { $language }
button-stop-sending = Stop
button-look = Look at it
broadcast-alert = Alert { $code }
broadcast-reminder = The reminder of “{ $case }”
broadcast-paused = { $name } is paused: { $rejected } of { $tried } messages were refused because of their content. Nobody else gets it until you decide. Look at its text first; most often something in it has to be corrected.
broadcast-in-doubt = { $count ->
        [one] { $name } may not have reached one reader: the connection broke while it was on its way. Most often it did arrive. If you send it again, it says that it may be a repeat.
       *[other] { $name } may not have reached { $count } readers: the connection broke while it was on its way. Most often it did arrive. If you send it again, it says that it may be a repeat.
    }
broadcast-continued = { $name } goes on.
broadcast-discarded = { $count ->
        [one] { $name }: one message is taken back that had not left yet.
       *[other] { $name }: { $count } messages are taken back that had not left yet.
    }
broadcast-resent = { $count ->
        [one] { $name } goes again to one reader.
       *[other] { $name } goes again to { $count } readers.
    }
broadcast-unknown = Nothing with the number “{ $number }” is going out. Press the button of the message, or copy the number from it. Nothing was changed.
broadcast-not-paused = Number { $number } is not paused. Nothing was changed.
broadcast-nothing-held = Of number { $number } nothing is in doubt any more. Nothing was sent.
button-continue = Go on
button-discard = Take the rest back
button-resend = { $count ->
        [one] Send again to this reader
       *[other] Send again to these { $count }
    }
progress-going = Alert { $code } is going out
progress-done = Alert { $code } has gone out
progress-counts = Delivered { $delivered } of { $total }, unreachable { $unreachable }, held { $held }
progress-not-sent = { $count ->
        [one] Not sent to one reader: they unsubscribed meanwhile, or the rest was stopped.
       *[other] Not sent to { $count } readers: they unsubscribed meanwhile, or the rest was stopped.
    }
progress-rejected = { $count ->
        [one] One message was refused by the platform because of its content. The log names the reason.
       *[other] { $count } messages were refused by the platform because of their content. The log names the reason.
    }

## Help: one line a command

help-start = begin, or see what is missing
help-subscribe = follow a case, a country or everything
help-unsubscribe = stop one thing or everything
help-country = the country whose embassy you are shown
help-language = the language of everything
help-timezone = the time zone of times
help-quiet = hours without a sound
help-notices = everything, or only what is urgent
help-content = letters and addresses, or information only
help-pause = no notices for some days
help-resume = end a pause
help-settings = everything you have set
help-alert = prepare an alert: {$p}alert CASE headline, the text below
help-alert-more =
    {$p}alert CASE headline
    text, as many lines as you like

    Case: its id or any name. Targets, demands, charges and the letter come from the case. You see the notice first; nothing is sent until you press the button.

    You write in your own language. For readers of another add below:
    {"["}ru] headline in Russian
    text in Russian
help-preview = look at a draft as a reader: {$p}preview 12 IE en
help-send = say yes to a draft
help-approve = say yes to another organiser’s draft
help-schedule = say yes for later: {$p}schedule 12 tomorrow 08:00
help-cancel = call off a draft, or stop an alert that goes out
help-correct = change an alert that went out, in every chat
help-correct-more =
    {$p}correct 12 The right headline
    The right text.

    You see a preview first. Everybody who has the alert sees it change; whoever has not gets the new one.
help-retract = take back an alert that went out
help-retract-more =
    {$p}retract 12 Why, in one sentence for the readers

    Every copy is deleted and a sentence comes in its place. Where a service does not delete any more (Telegram after 48 hours), the copy is changed into that sentence.
help-close = end a case, and tell everybody
help-close-more =
    {$p}close CASE asks how it ended. Nothing more leaves about the case then: drafts, planned alerts and reminders are called off. Copies of the last week change to “do not write any more” and lose their buttons; older ones cannot be found again, but their buttons say it too. The followers hear the outcome.
help-reopen = take up a closed case again
help-continue = let go on what was paused
help-discard = take back what has not left yet
help-resend = send again what may not have arrived

## Contacts

mission = { $kind } of { $country } in { $place }
mission-embassy = Embassy
mission-high-commission = High Commission
mission-nunciature = Nunciature
mission-permanent-mission = Permanent Mission
mission-consulate-general = Consulate General
mission-consulate = Consulate
mission-interests-section = Interests Section
mission-representative-office = Representative Office
mission-diplomatic-mission = Diplomatic Mission
mission-de-facto-embassy = Representation
mission-de-facto-consulate = Consular Office
directory-missing = { $count ->
    [one] The lists of embassies no longer show one mission. Readers still get it, unless the next refresh misses it too.
   *[other] The lists of embassies no longer show { $count } missions. Readers still get them, unless the next refresh misses them too.
}
directory-missing-line = { $sending } in { $host }. If it has closed or moved, correct it: {$p}embassy { $codes } email …
mission-resident = This is its embassy in { $country } itself.
mission-own-contact = The campaign itself gives this contact for { $country }.
mission-answers-for = It answers for { $country } too; there is none nearer that we know of.
mission-consulate-only = No embassy in { $country } is known; this is the consulate.
contact-email = E-mail
contact-phone = Phone
contact-fax = Fax
contact-postal = Post
contact-web = Website
contact-checked = checked { $day }
contact-as-of = as of { $day }
contact-last-confirmed = last confirmed { $day }
contact-stale = from { $day }: old, may no longer work
contact-doubtful = readers report that it does not work
contact-undated = date not known
contact-readers-own = You know best how to reach yours.
mission-consular-mailbox = This is the mailbox for visas and passports. It may not pass your letter on.
contact-none-known = No address is known.
contact-another = { $kind } (another)
contact-hole-redacted = { $kind }: hidden by the website it was taken from
contact-hole-not-valid = { $kind }: misprinted in the source, it cannot work
contact-hole-unreadable = { $kind }: the source cannot be read

## Dates and times as people write them

when-word-today = today
when-word-tomorrow = tomorrow
when-word-first = first
when-word-second = second
when-unreadable = “{ $text }” is not a date and time I understand. Write it like 2026-11-30 10:30, 30 November 10:30 or tomorrow 10:30. Nothing was changed.
when-no-time = The time is missing. Write it right after “{ $text }”, for example 10:30. Nothing was changed.
when-no-such-time = No clock shows { $text }. Write the time like 10:30. Nothing was changed.
when-no-such-day = There is no such day: { $text }. Nothing was changed.
hour-skipped = { $when } does not exist in { $zone }: the clocks go forward over it. The nearest times that exist are { $before } and { $after }. Ask the court, then write the time its clock will show. Nothing was changed.
hour-twice = { $when } comes twice in { $zone }: the clocks go back. Ask the court, then write the command again with “first” or “second” at its end. Nothing was changed.
time-local = { $when }, local time in { $place }
time-utc = { $when }, UTC
time-own = Your time ({ $place }):
time-in-utc = In UTC:

## Reminders of hearings

drill-mark = DRILL: this case is history. Nobody needs to act.
reminder-heading = Court hearing { $left }: { $case }
reminder-moved = Hearing moved: { $case }
reminder-changed = Hearing changed: { $case }
reminder-cancelled = Hearing called off: { $case }
reminder-was = Was: { $when }
reminder-what-to-do = Letters that arrive before the hearing help most. Whom to write to and what to say: {$p}case { $case }
reminder-cancelled-next = No new date is known. If one is set, you will be told.
reminder-what-to-do-channel = Letters that arrive before the hearing help most. Whom to write to and what to say stands in the last notice about this case.
reminder-stop = Stop messages about this case: {$p}unsubscribe { $case }
reminder-entry = Hearing: { $case }
reminder-entry-drill = DRILL: { $title }
reminders-missed = { $count ->
        [one] One reminder of the hearing of { $case } ({ $when }) was not sent: the bot was not running, and the hearing has begun.
       *[other] { $count } reminders of the hearing of { $case } ({ $when }) were not sent: the bot was not running, and the hearing has begun.
    } If you know what came of it, write {$p}hearing outcome { $number } and the outcome.

## Hearings

hearings-title = Hearings ahead
hearings-none = No hearing date is known. As soon as one is announced, you will be reminded: 7 days, 1 day and 2 hours before, or at once if it is sooner.
hearings-none-follow = No hearing date is known. To be told when one is announced: {$p}subscribe
hearings-none-case = { $title }: no hearing date is known. As soon as one is announced, you will be reminded: 7 days, 1 day and 2 hours before, or at once if it is sooner.
hearings-none-case-follow = { $title }: no hearing date is known. To be told when one is announced: {$p}subscribe { $case }
hearings-more = { $count ->
        [one] One more hearing lies further ahead.
       *[other] { $count } more hearings lie further ahead.
    } {$p}hearings and a case shows all of that case.
hearings-last = Last hearing, { $when }: { $outcome }
hearing-number = Hearing { $number }
hearing-court-unknown = court not known yet
hearing-usage =
    {$p}hearing add CASE 2026-11-30 10:30 Atyrau, City Court No. 2
    {$p}hearing move 12 2026-12-07 10:30
    {$p}hearing cancel 12
    {$p}hearing outcome 12 Adjourned; both stay in custody.

    The time is the one on the court’s clock. {$p}hearings shows the numbers.
hearing-no-when = I found no date and time in “{ $text }”. Write the case, then both: {$p}hearing add bokayev-ayan 2026-11-30 10:30 and the court. Nothing was changed.
hearing-zone-unknown = I do not know the time zone “{ $text }”. Write a name like Asia/Atyrau, or the city. Nothing was changed.
hearing-past = { $when } in { $zone } is over already. Write a time that lies ahead. Nothing was changed.
hearing-far = { $when } is more than five years ahead. Check the year. Nothing was changed.
hearing-long-court = The name of the court has { $count } characters; at most { $most } fit. Nothing was changed.
hearing-twin = Hearing { $number } of this case is at that time already. To change it: {$p}hearing move { $number }. Nothing was changed.
hearing-added = Hearing { $number } is set
hearing-moved = { $count ->
        [0] Hearing { $number } is changed. Nobody follows the case, so nobody is told.
        [one] Hearing { $number } is changed. One subscriber is being told.
       *[other] Hearing { $number } is changed. { $count } subscribers are being told.
    }
hearing-reminders = { $count ->
        [0] Nobody follows this case yet. Whoever does by then is reminded (times in { $place }):
        [one] One subscriber is reminded (times in { $place }):
       *[other] { $count } subscribers are reminded (times in { $place }):
    }
hearing-no-reminders = No further reminder: the hearing is less than two hours ahead.
reminder-point-now = at once
reminder-point-7d = 7 days before:
reminder-point-1d = 1 day before:
reminder-point-2h = 2 hours before:
hearing-put-right = Clock of the court: { $zone }. To put something right: {$p}hearing move { $number } with the date, time and court, or {$p}hearing cancel { $number }.
hearing-same = Hearing { $number } is already like that. Nothing was changed.
hearing-held = Hearing { $number } has taken place. If there is another, announce it with {$p}hearing add. Nothing was changed.
hearing-over = Hearing { $number } is over and cannot be called off. Write what came of it: {$p}hearing outcome { $number }. If it was put off: {$p}hearing move { $number } and the new date. Nothing was changed.
hearing-cancelled-already = Hearing { $number } is called off already. Nothing was changed.
hearing-was-cancelled = Hearing { $number } was called off. If it takes place after all, write {$p}hearing move { $number } and the date. Nothing was changed.
hearing-cancelled = { $count ->
        [0] Hearing { $number } ({ $when }) is called off. Nobody follows the case, so nobody is told.
        [one] Hearing { $number } ({ $when }) is called off. One subscriber is being told.
       *[other] Hearing { $number } ({ $when }) is called off. { $count } subscribers are being told.
    }
hearing-not-yet = This hearing has not begun: { $when }. Its outcome can be written down afterwards. Nothing was changed.
hearing-long-outcome = The outcome has { $count } characters; at most { $most } fit. Nothing was changed.
hearing-outcome = The outcome of hearing { $number } is written down and shown by {$p}hearings { $case }. Nobody was sent anything; for that there is {$p}alert { $case }.
hearing-ask-move = To when? Write the date and time on the court’s clock, for example 2026-11-30 10:30.
hearing-ask-outcome = What came of hearing { $number }? Write one or two sentences; everybody can read them.
hearing-none = No hearing of { $case } fits. {$p}hearings { $case } shows what is known. Nothing was changed.
hearing-unknown = There is no hearing { $number }. {$p}hearings shows the numbers. Nothing was changed.
hearing-case-closed = The case { $case } is closed; its hearings cannot be changed. Nothing was changed.
hearing-which = { $case } has more than one hearing. Which one? Press a button, or write the command with its number instead of the case.
help-hearings = the hearings ahead, in your time
help-hearing = announce or change a hearing: {$p}hearing add CASE 2026-11-30 10:30 court
help-hearing-more =
    {$p}hearing add CASE 2026-11-30 10:30 Atyrau, City Court No. 2
    {$p}hearing move 12 2026-12-07 10:30
    {$p}hearing cancel 12
    {$p}hearing outcome 12 what came of it

    The time is the one on the court’s clock, in the time zone of the campaign unless a city or a zone such as Asia/Atyrau follows it. Subscribers are reminded 7 days, 1 day and 2 hours before; at once if it is sooner. When a hearing moves or is called off, everybody who follows the case is told.

## Reading a campaign file: what is wrong, and what to do about it

import-at = Line { $line }, { $where }: { $problem }
import-at-top = Line { $line }: { $problem }

import-syntax = This is not valid TOML, at column { $column }: { $detail }. Look for a missing quotation mark, comma or bracket here or just above. The rest of the file is checked once this is right.
import-missing = “{ $key }” is missing. Add a line: { $key } = …
import-unknown-key = “{ $key }” is not a key that belongs here. Take it out, or see the manual of the campaign file for the keys that do.
import-unknown-key-meant = “{ $key }” is not a key that belongs here. Did you mean “{ $suggestion }”?
import-letter-body-or-facts = A letter has either “body”, the whole letter but for the greeting, or “facts”, to which greeting, demands and end are added. Write one of the two.
import-letter-no-demands = The letter has “facts” but the case has no demands. Add [[cases.demands]], or write the whole letter as “body”.
import-empty = “{ $key }” is empty. Write the text, or take the line out.
import-wrong-type = “{ $key }” must be { $expected ->
    [text] text in quotation marks
    [yes-or-no] true or false, without quotation marks
    [number] a whole number, without quotation marks
    [list] a list in square brackets, or tables headed with double square brackets
   *[table] a table of its own keys
}.
import-not-words = “{ $key }” must be a text in quotation marks, or one text for each language: { $key }.en = "…"
import-not-a-choice = “{ $value }” is not possible for “{ $key }”. Choose one of: { $choices }.
import-not-valid = “{ $key }” is not right: { $detail }.
import-bad-id = “{ $value }” cannot be an id. Use up to 32 small Latin letters, digits and hyphens, with no hyphen in front.
import-bad-date = “{ $value }” is not a date. Write it as 2016-10-12.
import-bad-time = “{ $value }” is not a date and time. Write the time on the clock in the court’s city as 2016-10-12T10:30, without a zone.
import-hour-gap = The clocks in { $timezone } go forward over { $value }: that hour does not exist. Ask the court, and write the time its clock will show.
import-hour-overlap = The clocks in { $timezone } go back and show { $value } twice. Write the time in UTC, with timezone = "UTC".
import-unknown-country = “{ $value }” is not a country code. Use the two capital letters of ISO 3166, such as KZ or GB.
import-unknown-country-meant = “{ $value }” is not a country code. Did you mean { $suggestion }?
import-unknown-language = “{ $value }” is not a language code. Use two small letters, such as en or ru.
import-unknown-language-meant = “{ $value }” is not a language code. Did you mean { $suggestion }?
import-unknown-timezone = “{ $value }” is not a time zone. Use a name of the IANA list, such as Asia/Almaty.
import-unknown-timezone-meant = “{ $value }” is not a time zone. Did you mean { $suggestion }?
import-duplicate = “{ $value }” is here a second time; the first is on line { $first }. Rename one of them or take it out.
import-unknown-target = There is no target “{ $value }” in this file. Add it under [[targets]], or take it out here.
import-unknown-target-meant = There is no target “{ $value }” in this file. Did you mean “{ $suggestion }”?
import-unknown-source = There is no source “{ $value }” in this file. Add it under [[sources]], or take it out here.
import-unknown-source-meant = There is no source “{ $value }” in this file. Did you mean “{ $suggestion }”?
import-unknown-person = There is nobody called “{ $value }” in this case. Write the name exactly as under [[cases.people]].
import-unknown-person-meant = There is nobody called “{ $value }” in this case. Did you mean “{ $suggestion }”?
import-bad-email = “{ $value }” is not an e-mail address. Correct it, or take it out. Letters that only look Latin are not allowed.
import-bad-phone = “{ $value }” is not a number that can be dialled. Write it with + and the country code, such as +41 22 788 66 02; if it is out of use, add superseded = true.
import-bad-web = “{ $value }” is not the address of a web page. It must begin with https:// or http://
import-bad-postal = “{ $value }” is not an address. Write the lines of the envelope.

import-kept-back = “{ $field }” of { $person } is kept back: no reader sees it. If the person, the family or the lawyer agrees, write public = ["{ $word }"].
import-public = “{ $field }” of { $person } is public: every reader sees it. Make sure that the person, the family or the lawyer agreed.
import-public-empty = public names “{ $word }”, but “{ $field }” of { $person } is empty. Take the word out, so that nothing written there later goes out unnoticed.
import-redacted = The address was hidden on the page it comes from and cannot be restored. Nobody is sent there. If you can find it elsewhere, write it here.
import-repair = “{ $value }” cannot be used as it was printed. It may now be { $repair }. Have somebody check this; if it is right, write it here. Until then it is not shown to readers.
import-zero-removed = “{ $value }” is read as { $normal }: the (0) is not dialled from abroad.
import-contact-twice = “{ $value }” is already on line { $first }. One of the two can go.

## Letters: what stands around the facts, in the language of whoever gets them

letter-dear-official = Dear Sir or Madam,
letter-dear-embassy = Dear Ambassador,
letter-dear-high-commission = Dear High Commissioner,
letter-dear-nunciature = Your Excellency,
letter-dear-consulate-general = Dear Consul General,
letter-dear-consulate = Dear Consul,
letter-dear-parliament = Dear Member of Parliament,
letter-dear-union = Dear colleagues,
letter-ask-official = I respectfully ask you to do what is in your power so that this is done:
letter-ask-embassy = I respectfully ask you to pass these requests on to the authorities of your country:
letter-ask-parliament = Please raise this in parliament and with our government, and support these demands:
letter-ask-union = I ask our union to protest to the authorities and to the embassy, and to support these demands:
letter-end-official =
    If the decision is not yours, please pass this letter on to those who make it. I would be grateful for an answer.

    Yours respectfully,
    {"["}your name]
    {"["}your town and country]
letter-end-embassy =
    I would be grateful for an answer.

    Yours respectfully,
    {"["}your name]
    {"["}your town and country]
letter-end-parliament =
    Please let me know what you have done.

    Yours sincerely,
    {"["}your name]
    {"["}your address]
letter-end-union =
    Please let me know what has been decided.

    In solidarity,
    {"["}your name]
    {"["}your branch]
letter-short = I am writing about { $case }. I respectfully ask for the following:
letter-short-end =
    Yours respectfully,
    {"["}your name]

letter-prisoner =
    Dear { $name },

    People in many countries are thinking of you. You are not forgotten. I wish you strength and good health.

    {"["}a few words about yourself, your town or the weather]

    {"["}your name]
prisoner-title = A message to { $name }
prisoner-agreed-prisoner = The prisoner has agreed that this address is made known.
prisoner-agreed-lawyer = The lawyer has agreed that this address is made known.
prisoner-incomplete = This address is incomplete: lines are missing in its source. Ask the organisers before you post anything.
prisoner-rules = Please keep to this:
prisoner-rule-language = Write in { $language }. Letters in other languages may be held back.
prisoner-rule-case = Write nothing about the case, the trial, politics, or other people. It could be held against whoever gets your letter.
prisoner-rule-read = The prison reads every letter. Put your own address on it only if that is safe for you.
prisoner-address-original = The address, for the post there
prisoner-address-latin = The same in Latin letters, for the post in your country
prisoner-message = Words to begin with
prisoner-translate = Words to begin with. The prison wants { $language }, so have them translated first:
prisoner-meaning = This is in { $language } and says:
prisoner-how = Copy them by hand or print them, and put your own words where the square brackets are.
prisoner-which = Whose case? Write {$p}prisoner and the case; {$p}actions lists them.
prisoner-none = For { $case } no address is known to which letters may be sent. An address is shown only when the prisoner or the lawyer has agreed. What else you can do: {$p}case { $id }
button-prisoner = Write to the prisoner

## What can be done

actions-title = What you can do now
cases-title = Open cases
cases-how = Press a case, or write {$p}case and its name, to read about it.
actions-how = Press a case, or write {$p}case and its name, to read about it and get the letter.
actions-deadline = Act by { $deadline }.
actions-hearing = Hearing: { $when }.
case-ask-letter = Send the letter: {$p}letter { $case }
case-ask = Write to the addresses below, in your own words.
case-hearing = Next hearing: { $when }. { $court }.
case-targets = Whom to write to
case-own-embassy = The embassy in your own country: {$p}embassy
case-closed = This case is closed: nobody is asked to write about it any more. {$p}actions shows the open ones.
case-closed-information = This case is closed.
button-follow-case = Follow this case
button-letter = Get the letter
button-whom = Whom to write to
button-letter-to = Letter to: { $name }
button-letters = Letters to others
button-files = Letter as files
files-what = The letter as a draft for the mail program of a computer (.eml) and as plain text; the telephone numbers as contact cards (.vcf), where there are any. What stands in square brackets is for you to fill in.
letter-which = Which case? Write {$p}letter and the case; {$p}actions lists them.
letter-none = There is no model letter for { $case }. {$p}case { $id } shows what is asked for; write in your own words.
embassy-none = No embassy or consulate of { $country } is known that answers for { $own }, and the campaign names no other address. {$p}actions shows what else you can do.
embassy-information = About { $country } you get information only, so no addresses are shown here. {$p}content changes that.
embassy-inside = { $country } has no embassy in { $country } itself. Whom else one can write to: {$p}actions. If you live there, think first whether a letter is safe for you.
embassy-country-unknown = I do not know a country “{ $text }”. Write its name, for example {$p}embassy Ireland.
embassy-wrong = Another country: {$p}embassy and its name. If an address from a notice fails: {$p}bounced.

## Contacts: what readers report, what organisers correct

button-worked = It worked
button-bounced = Bounced / wrong
report-which-worked = Which one worked?
report-which-bounced = Which one bounced or is wrong?
report-thanks-worked = Thank you: it is noted that { $contact } works.
report-thanks-bounced = Thank you: it is noted that { $contact } did not work. Your letter can still go to the other addresses in the notice.
report-enough = You have reported many contacts this week, so this one was not counted. If you know what is wrong with them, write to the organisers.
report-again = You have told me about { $contact } already. It counts once.
report-nothing = I know of no contact that you were shown in a notice within the last week, so nothing was counted.
report-withdrawn = This notice was taken back. Nothing is to be sent because of it any more, so nothing was counted.
report-closed = This case is closed. Nothing is to be sent about it any more, so nothing was counted.
doubt-question =
    Readers report that this does not work: { $contact }
    Whose: { $whose }
    It bounced or was wrong: { $bounced }. It worked: { $worked }.

    Until you decide it is shown behind all others, with a warning.
button-decide = Decide: { $contact }
button-contact-dead = It is dead: show it no more
button-contact-replace = Replace it
button-contact-works = It works
contact-title = Contacts
contact-nothing = No contact is in doubt, and none was corrected here.
contact-usage = Write {$p}contact alone for the list, or {$p}contact undo and the number of a correction. Nothing was changed.
contact-decided = Nobody doubts this contact any more: it was decided already. {$p}contact shows the list. Nothing was changed.
contact-works = { $contact } counts as working again ({ $who }). It takes three new readers to raise a doubt.
contact-replace-ask = What stands in place of { $contact } from now on? Write it as it was printed.
contact-source-ask = Where do you have it from? Write it in a few words, for example: their website, 3 May. Other organisers will see it.
contact-long = That is { $count } characters; a contact has at most { $most }. Nothing was changed.
contact-kind-unknown = “{ $word }” is not a kind of contact. Known: { $known }. Nothing was changed.
contact-typed-redacted = This address was hidden from robots on the page it was copied from. Open the page in a browser and copy the address itself. Nothing was changed.
contact-typed-email = “{ $value }” is not an e-mail address. Letters that only look Latin do not work. Nothing was changed.
contact-typed-phone = “{ $value }” cannot be called. Write it with + and the country’s code, such as +41 22 788 66 02. Nothing was changed.
contact-typed-web = “{ $value }” is not the address of a web page. It begins with https:// or http://. Nothing was changed.
contact-typed-postal = “{ $value }” is not a postal address. Write the lines as on an envelope. Nothing was changed.
contact-typed-repair = “{ $value }” cannot be used as it is. It may now be { $repair }. Nothing was changed. If somebody has made sure: {$p}{ $command }
button-take-repair = Take { $repair }
contact-as-read = { $normal } (written as { $printed })
correction-made = { $whose }. { $kind } from now on: { $value }. By { $who }; source: { $source }
correction-removed = { $whose }. { $kind }: shown no more. By { $who }; source: { $source }
correction-used = It is used at once, in every alert prepared from now on too. Notices that have gone out stay as they are: {$p}correct changes them.
correction-drafts = Prepared before and not sent yet, so still with the former contact: { $codes }. Cancel and prepare anew what should have the new one.
correction-line = { $number }. { $place }, { $kind }: { $value }. By { $who } on { $when } UTC; source: { $source }
correction-none = none
correction-from-reports = readers’ reports
correction-from-repair = made sure of; printed was { $printed }
target-title = Whom to write to
target-how = {$p}target and an id shows every contact and corrects them.
target-counts = { $holes ->
        [0] contacts: { $usable }
       *[other] contacts: { $usable }, unusable: { $holes }
    }
target-own-embassy = the embassy in each reader’s country; {$p}embassy shows and corrects it
target-repair-write = To take it, write {$p}{ $command }
target-how-correct = To correct: {$p}target { $name } email new@example.org source: where you have it from. Nobody is sent anything.
target-unknown = I do not know a target “{ $name }”. {$p}target lists them. Nothing was changed.
target-unknown-near = I do not know a target “{ $name }”. Did you mean { $near }? {$p}target lists them. Nothing was changed.
target-what = Write the contact behind it as it was printed, or “-” if there is none any more: {$p}{ $command } … Nothing was changed.
target-no-repair = There is nothing to take for { $name } any more. {$p}target { $name } shows what is known. Nothing was changed.
target-printed = (printed: { $printed })
target-repair = It may be { $repair } now. Make sure before you take it.
target-hole-redacted = { $kind }: { $printed } – hidden by the website it was taken from
target-hole-not-valid = { $kind }: { $printed } – misprinted, it cannot work
target-hole-unreadable = { $kind }: { $printed } – cannot be read
target-hole-superseded = { $kind }: { $printed } – out of use
embassy-no-campaign = There is no campaign about { $code } here, so its embassies are not shown to anybody. Nothing was changed.
correction-undone = Undone, what stood before counts again: { $line }
correction-unknown = There is no correction { $number }, or it is undone already. {$p}contact shows the list. Nothing was changed.
button-undo-correction = Undo correction { $number }
## Privacy

privacy-title = What is stored about this chat
privacy-address = The address of this chat, encrypted: without it nothing could reach you.
privacy-choices = What you chose: language, country, time zone, quiet hours, which notices, what they contain, what you follow. Until you change or erase it.
privacy-week = The week you came, no finer.
privacy-reports = Whether you reported an address as working or not, if you did: under a keyed hash that names neither you nor this chat, for half a year.
privacy-deliveries = { $links ->
        [one] Which notices reached you, for one day; after that only the totals stay.
       *[other] Which notices reached you, for { $links } days; after that only the totals stay.
    } { $replies ->
        [one] My answers to you, for one day.
       *[other] My answers to you, for { $replies } days.
    }
privacy-organiser = Because you are an organiser: your account’s id, encrypted, and what you did as one, under a number.
privacy-not = What is not stored:
privacy-no-names = Your name, user name, telephone number, or when you were last here.
privacy-no-words = What you write: it is forgotten as soon as it is answered.
privacy-no-list = Organisers see totals. They cannot list subscribers.
privacy-disk = Whoever gets hold of the database without its key finds no address in it.
privacy-telegram = Telegram itself can read everything in this chat and knows that you are in it. If that is a danger to you, use Matrix with encryption instead.
privacy-matrix = On Matrix your homeserver knows that you talk with this bot; in an encrypted room it cannot read what is said.
privacy-elsewhere = This chat runs on the operator’s own machine; whoever controls that machine can read it.
privacy-forget = {$p}forget erases all of it at once, without asking anybody.
your-id = Your id, for the configuration and for nothing else:
forget-ask = This erases your subscription, your settings and everything else about this chat. It cannot be undone. To go on, press the button or write {$p}forget yes
forget-ask-organiser = This erases your subscription and your settings, and ends your role as an organiser (owners named in the configuration stay owners). It cannot be undone. To go on, press the button or write {$p}forget yes
button-forget-sure = Erase everything
forgotten = Everything about this chat is erased. Messages already here stay until you delete them yourself. If you ever want notices again: {$p}start

## Help

help-title = Commands
help-for-everyone = For everyone
help-for-organisers = For organisers
help-for-owners = For owners
help-more = More about one: {$p}help and its name.
help-actions = what you can do now
help-case = one case: {$p}case and its name
help-case-more = {$p}case alone lists all. Any name works that the case is known by, in any spelling.
help-letter = the letter of a case, to copy
help-letter-more = {$p}letter and the case; with a number behind it, the letter to another of those one can write to. Write your name, town and country where the square brackets are; change whatever you like.
help-files = the letter of a case as files
help-files-more = {$p}files and the case: a draft for a mail program, plain text, contact cards with the telephone numbers.
help-worked = say that an address or number works
help-worked-more =
    Under a notice, or {$p}worked and the case. If it showed several contacts, you choose one.

    It counts once, and only for who got the notice.
help-bounced = say that a letter came back or a number is wrong
help-bounced-more =
    Under a notice, or {$p}bounced and the case. If it showed several contacts, you choose one.

    It counts once, and only for who got the notice. After three reports the organisers look into it. They do not see who reported.
help-target = whom to write to, and corrections: {$p}target ID email new@example.org
help-target-more =
    {$p}target lists the targets, {$p}target and an id shows one with every contact, the unusable ones too.

    {$p}target ID email new@example.org source: their website puts the address in place of those known. Kinds: email, phone, fax, postal, web. Several go with commas between them; “-” takes all of a kind away.

    A correction goes before the campaign file and the directory, is used at once, and all organisers are told.
help-contact = contacts in doubt, and what was corrected
help-contact-more =
    {$p}contact lists the contacts that readers report as dead, and every correction made in the chat.

    {$p}contact undo 3 takes a correction back.
help-embassy = the embassy in your country, or in one you name
help-embassy-more =
    {$p}embassy shows the one for the country you have set, {$p}embassy Ireland another.

    The date behind an address is when it was last confirmed. Where no embassy is known, I say so and name somebody else.

    Organisers correct an address with it: {$p}embassy KZ IE email new@example.org source: their website. The first code is whose embassy, the second the readers’ country.
help-prisoner = where to write to a prisoner, and how
help-prisoner-more = {$p}prisoner and the case. An address is shown only when the prisoner or the lawyer has agreed.
help-privacy = what is stored about you and what is not
help-id = your id, as the configuration names owners
help-forget = erase everything about you
help-help = this list
help-stats = how many subscribers, totals only
help-stats-more = Countries with few subscribers are counted together, so that nobody can be guessed. There is no way to list subscribers.
help-invite = make a one-time code for a new organiser
help-invite-more = The code works once and for one day. Only its bearer needs it: hand it over in person or over an encrypted channel. Owners are made on the server, never in chat.
help-join = become an organiser with a code
help-organisers = who may send alerts
help-revoke = take a role away: {$p}revoke 3
help-revoke-more = {$p}organisers shows the numbers. Their yes to alerts that still wait for a second one is taken back.
help-lockdown = stop everything at once
help-lockdown-more =
    For when an organiser is arrested or a phone is seized: cancels every draft and scheduled alert, takes back what has not left, takes the role of every organiser who is not an owner, and makes unused invitations worthless. Subscribers see nothing.

    {$p}lockdown off lifts it. Organisers have to be invited anew; what was taken back is not sent.
help-audit = what organisers did last
help-audit-more = Every entry is chained to the one before it. The seal stands for the whole list: note it now and then, elsewhere.
help-channel = add, list or remove a channel
help-channel-more =
    {$p}channel add @name ru KZ GB
    {$p}channel list
    {$p}channel remove @name

    Behind the address, in any order and all optional: a language (small letters), what it gets (a campaign’s country, a case, all), and the country whose embassy it shows (capital letters).
stats-title = Subscribers
stats-nobody = Nobody yet.
stats-active = active: { $count }
stats-paused = paused: { $count }
stats-stopped = stopped: { $count }
stats-visitor = wrote but follow nothing: { $count }
stats-gone = gone (blocked or left): { $count }
stats-countries = Active, by country
stats-others = elsewhere or no country set: { $count } (countries with fewer than { $threshold } are not named)

## Organisers

invite-made = This code makes its bearer an organiser. It works once and for one day. Hand it over in person or over an encrypted channel. The new organiser writes to me in a private chat:
invite-how = On Matrix the message begins with “!” instead of “/”. All organisers are told when somebody joins.
invite-locked = Everything is stopped, so nobody can be invited. {$p}lockdown off lifts it. No code was made.
invite-no-owners = Owners are made on the server, never in chat. {$p}invite makes an organiser. No code was made.
invite-unknown-role = There is no role “{ $text }”. {$p}invite makes an organiser. No code was made.
button-copy-invitation = Copy it
join-which = Write the code that an owner gave you.
join-refused = This code does not work: it is mistyped, used already or older than a day. Ask an owner for a new one.
join-too-often = Too many tries. Wait an hour, then ask an owner for a new code.
joined = You are an organiser now. {$p}alert prepares an alert, {$p}help lists everything. No organiser and no owner will ever ask you for a code or a password.
joined-already = You are an organiser already. The code was not used.
organisers-title = Organisers
organisers-line = { $label }: { $role }, { $where }, since { $since }{ $key ->
    [none] {""}
   *[other] , key { $key }…
}
organisers-you = (you)
platform-telegram = Telegram
platform-matrix = Matrix
platform-local = built-in chat
role-owner = owner
role-organiser = organiser
button-revoke = Revoke { $label }
revoke-which = Whose role? Write {$p}revoke and the number; {$p}organisers lists them.
revoke-unknown = There is no organiser “{ $text }”. {$p}organisers lists them with their numbers. Nothing was changed.
revoke-owner = This owner is named in the configuration on the server and can only be removed there. Nothing was changed.
revoke-self = That is you. {$p}forget ends your own role and erases everything about you. Nothing was changed.
revoked = { $label } is no organiser any more.
revoked-alerts = Alerts they prepared can still go out: { $codes }. {$p}cancel { $first } stops one.
lockdown-ask = This cancels every draft and scheduled alert, takes back what has not left, makes unused invitations worthless, and takes the role of every organiser who is not an owner. Subscribers see nothing. To go on, press the button or write {$p}lockdown on
button-lockdown = Stop everything
lockdown-done = Stopped. Alerts cancelled: { $alerts }. Messages taken back: { $held }. Organisers revoked: { $organisers }. {$p}lockdown off lifts it; what was taken back is not sent even then.
lockdown-already = Everything is stopped already. {$p}lockdown off lifts it.
lockdown-lifted = Alerts can be prepared and sent again. Revoked organisers stay revoked: {$p}invite brings them back. What was taken back is not sent.
lockdown-is-off = Nothing is stopped. {$p}lockdown stops everything.
told-invited = { $by } has made an invitation for a new organiser. It works for one day. If you did not expect this, ask an owner now, not in this chat.
told-joined = A new organiser has joined: { $label }. If you did not expect this, tell an owner now.
told-doubted = A command in the name of organiser { $label } was refused: { $name }. It was not proved with the key that I know as theirs. Ask { $label }, not in this chat, whether it was them. If it was not, somebody has taken the account or the server lies: an owner can take the role away with {$p}revoke or stop everything with {$p}lockdown.
told-left = { $label } has left and is no organiser any more.
told-revoked = { $label } is no organiser any more. { $by } has taken the role away.
told-locked = { $by } has stopped everything. No alert leaves until an owner lifts it, and only owners keep their role.
told-unlocked = { $by } has lifted the stop: alerts can be sent again.
audit-title = What organisers did
audit-whole = The list is whole; its seal is { $seal }.
audit-broken = Entry { $number } does not follow from the one before: somebody changed the list in the database.
audit-empty = Nothing yet.
audit-times = Times: { $zone }. #3 is the organiser with this number in {$p}organisers.
audit-nobody = by itself
audit-invited = invitation made
audit-added = added on the server
audit-trusted = key set on the server
audit-doubted = command in this name refused
audit-joined = joined
audit-left = left
audit-revoked = role taken away
audit-lockdown = lockdown
audit-channel-added = channel added
audit-channel-removed = channel removed
audit-alert-drafted = alert prepared
audit-alert-approved = yes to alert
audit-alert-cancelled = alert cancelled
audit-alert-stopped = alert stopped
audit-alert-retracted = alert taken back
audit-correction-drafted = correction prepared
audit-broadcast-continued = pause ended
audit-broadcast-discarded = rest taken back
audit-broadcast-resent = sent again
audit-contact-corrected = contact corrected
audit-contact-correction-undone = correction of a contact undone
audit-contact-works = doubt about a contact dismissed
audit-case-closed = case closed
audit-case-reopened = case opened again
audit-hearing-add = hearing announced
audit-hearing-move = hearing moved
audit-hearing-cancel = hearing called off
audit-hearing-outcome = outcome of hearing

## Channels

channel-usage = {$p}channel add @name adds a channel or room, {$p}channel list shows them, {$p}channel remove @name removes one. More: {$p}help channel
channel-address = “{ $text }” is not the address of a channel. On Telegram it is @name or a number that begins with -100; on Matrix a room id such as !abc:example.org. Nothing was changed.
channel-is-group = I am in { $text } already, as in a group. Its administrators decide there what it gets: {$p}subscribe. Nothing was changed.
channel-added = Added: { $line }
channel-added-telegram = Make this bot an administrator of the channel who may post; otherwise nothing arrives.
channel-added-matrix = Invite this bot into the room; otherwise nothing arrives.
channel-public = Everybody in the channel sees the notices. Who is in it is not stored here.
channel-none = There is no channel yet. {$p}channel add brings one in.
channel-title = Channels
channel-gone = takes no messages
channel-unknown = There is no channel “{ $text }”. {$p}channel list shows them.
channel-removed = Removed. It gets nothing more.
button-channel-remove = Remove { $label }
# Alarms: the bot itself is in trouble. What happened, what to do.

alarm-title = The bot needs attention
alarm-refused = { $platform }: the bot's account is no longer accepted, so nobody there hears from it. What waits for { $platform } is kept. To do: whoever runs the server puts in a new token or password and restarts the bot; its log says how.
alarm-shared = { $platform }: another program receives what people write to the bot. If none of you started the bot twice, its token has leaked. To do: have the token revoked with @BotFather now and put the new one on the server. Until then trust nothing that arrives there.
alarm-webhook = { $platform }: somebody has redirected what people write to the bot to another address. If none of you did it, its token has leaked. To do: have the token revoked with @BotFather now and put the new one on the server. The log says how to end the redirection.
alarm-unreachable = { $platform }: the bot cannot connect and tries again every minute. What waits for { $platform } is kept. To do: if it lasts, whoever runs the server checks the network and the configuration.
alarm-other = { $platform }: the bot cannot work there at present. What waits for { $platform } is kept. To do: whoever runs the server looks into the log; it says why and what to do.
alarm-silent = { $platform }: no answer for { $minutes } minutes. What waits for { $platform } is kept and goes out when it answers again. To do: tell subscribers another way if it is urgent.
alarm-flood = { $platform }: the service has asked the bot to pause for { $minutes } more minutes. What waits is kept and goes out afterwards. There is nothing to do; do not send the alert again.
alarm-stuck = { $platform }: messages have not moved for { $minutes } minutes. Nothing is lost. To do: whoever runs the server looks into the log and restarts the bot.
alarm-disk = The server's disk is nearly full: { $megabytes } MB are left. When it is full, the bot stops. To do: whoever runs the server frees some space today.
alarm-full = The server's disk is full, so the bot cannot write anything down and has stopped. What it had accepted is not lost; what is written to it now gets no answer until it runs again. To do: whoever runs the server frees some space.
alarm-readonly = The bot's database can no longer be written, so the bot has stopped. What it had accepted is not lost; what is written to it now gets no answer until it runs again. To do: whoever runs the server checks the disk and the rights of the database's folder.
alarm-damaged = The bot's database is damaged, so the bot has stopped. To do: whoever runs the server restores it from a backup.
alarm-failed = A part of the bot failed, and it is starting again by itself. Nothing it had accepted is lost. To do: if it does not answer in a minute, whoever runs the server looks into the log.

# The built-in chat and the web server's own pages

web-title = Tocsin
web-people = People
web-organiser = Organiser
web-group = Group
web-unread = new
web-no-messages = Nothing has been said here yet. Write /start.
web-conversation = Conversation with { $name }
web-you-are = You write as { $name }.
web-write = Command or answer…
web-write-label = Message
web-send = Send
web-hints = Commands
web-copy = Copy
web-copied = Copied
web-add-person = Add a person
web-add-person-name = Name
web-add-person-language = Language
web-add-person-do = Add
web-languages = Language of this page
web-without-scripts = Scripts are off: the page reloads every 15 seconds.
web-reload = Reload now
web-lost = No connection to Tocsin. Trying again…
web-not-taken = Tocsin did not take this message. Check that it is running, then send it again.
web-empty = The message was empty. Write something first.
web-nameless = The name must have 1 to 40 characters.
web-back = Back
web-here = Tocsin runs on this machine. This address has no public pages.
web-loopback-only = The built-in chat gives the rights of the owner, so it opens only on the machine Tocsin runs on, at the address printed in its terminal.
web-foreign = This was sent from another site and was not accepted.
web-no-page = There is no page at this address.
web-broken = This page cannot be shown right now. Please try again in a minute.

## The action page

page-country = Your country
page-country-none = Please choose
page-country-do = Show
page-country-why = It decides which embassy you are shown. It is not kept.
page-no-country = Choose your country to see the embassy of { $country } there. Until then write here:
page-unreachable = No way to write to this mission is known: { $mission }. Write here instead:
page-doubtful = Readers report that nothing reaches this mission: { $mission }. Write here first:
page-inside = Whoever lives in { $country } gets no letter and no address here: writing could be dangerous for you. Those who live elsewhere write for you.
page-languages = Language
page-email = Write the e-mail
page-email-to = Write the e-mail to { $name }
page-email-filled = It opens your mail program with the letter in it. Put your name where the square brackets are.
page-email-short = It opens your mail program with a shorter letter; the whole one is below, to copy. Put your name where the square brackets are.
page-if-nothing = Nothing opens? Open this page in your browser (not inside the chat), or copy address, subject and letter.
page-copy = Copy
page-copy-what = Copy: { $what }
page-copied = Copied
page-letter = The letter
page-letter-to = Letter to { $name }
page-subject = Subject
page-print = Letter on paper and envelope
page-fax = Fax sheet
page-eml = As a draft for a computer (.eml)
page-txt = As text (.txt)
page-own = A line of your own
page-own-long = With these words the letter is too long for some mail programs, so the button opens an empty one: copy the letter from below and paste it there.
page-own-others = The e-mails to the others open without these words: with them they would be too long for some mail programs.
page-own-why = Who you are or why you write. It goes into the letter here on your device and never to us. Leave out plans, other people’s names and whatever could be used against somebody.
page-others = Others to write to
page-copies = Send a copy to the organisers:
page-about = About the case
page-print-do = Print
page-print-how = Print this page with your browser (A4); the second sheet is the envelope. Write your name by hand where the square brackets are, and sign.
page-fax-how = Print this page with your browser (A4), write your name by hand where the square brackets are, sign, and fax it.
page-pdf = As PDF (without a line of your own)
page-back = Back
page-fax-title = Fax
page-fax-to = To
page-fax-number = Fax number
page-fax-from = From
page-fax-day = Date
page-fax-pages = Pages
page-envelope = Envelope
page-sender = Your name and address
page-no-post = No postal address is known.
page-ended = Please do not write any more
page-ended-withdrawn = The organisers have taken this alert back.
page-ended-closed = This case is closed.
page-ended-deadline = Letters helped until { $day }. That day is over.
page-ended-old = This alert is of { $day }. Nobody has confirmed since then that letters still help.
page-ended-wrote = If you have written already, there is nothing you need to do.
page-foot = Issued { $issued }. This page sets no cookie, loads nothing from anywhere else and keeps nothing about who visits it.
