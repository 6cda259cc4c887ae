# The conversation. Every sentence about an error says what to do next.
# Markup is Telegram's HTML; labels of buttons have none.

welcome =
    🎵 Hi! I turn a song into a living round video.

    Send the <b>name of a song</b>, a <b>link</b> or an <b>audio file</b>, choose the moment, and your circle is ready in seconds.
    A picture becomes the cover. More: /help
help =
    <b>How to make a circle</b>
    1. Send the name of a song, a link (Yandex Music, Deezer, Apple Music, Spotify), an audio, a voice message or a video.
    2. Choose the moment on the card: a best one ⭐, with the buttons, or just type “0:30 – 1:15”.
    3. Press “Create circle”.

    A picture sent at any time becomes the cover, an .lrc file the words.

    /newsong – another song
    /history – earlier circles
    /settings – language, length, look
    /cancel – cancel
    /delete_me – delete everything I know about you

    In a group, mention me or reply to my messages.
ask-song = 🎵 Send the name of a song, a link or an audio file.
send-a-song = I cannot make a circle of that. Send the name of a song, a link, an audio, or a picture for the cover.
unknown-command = I don't know that command. What I can do: /help
query-too-long = That is too long for a name. Send the artist and the song, for example “Queen Bohemian Rhapsody”.
search-empty = Nothing found for “{ $query }”. Check the name, add the artist, or send the file itself.
search-no-more = There is nothing more. Try a more exact name.
search-off = Search is not set up here. Send an audio file, a circle can be made of that too.
list-title = 🔎 <b>{ $query }</b>. Choose a song:
list-preview = Where you see ✂️, only about 30 seconds can be had.
times-ask = ⌨️ Type the moment, for example <b>0:30 – 1:15</b>, <b>30 75</b> or <b>30 seconds from 1:20</b>.
times-unclear = I could not read that time. Type, for example, “0:30 – 1:15”, “30 75” or “30 seconds from 1:20”.
times-backwards = The end is before the start. First the start, then the end, for example “0:30 – 1:15”.
times-beyond = The song is { $length } long, and that is past its end. Choose an earlier moment.
times-cut = A circle is no longer than 60 seconds and than the song, so I took as much as fits.
tap-old = This card is no longer in use, or it is somebody else's. Send the song again and I'll make a new one.
tap-turned = The list has just turned its page. Choose again.
tap-copy = There is a newer copy of this card further down. Press the button there.
tap-nothing = There is nothing more to change here.
accepted = On it!
drawing = Drawing…
best-wait = I'm still listening; the best moments will be here in a few seconds.
cover-send = Send a picture and it becomes the cover.
cover-set = 🖼 The cover is set.
cover-kept = 🖼 I'll keep the picture. Now send a song, and it becomes its cover.
lyrics-set = 🎤 The words are in the circle.
lyrics-offer = 🎤 I have the words. This look shows them: take it on the card, or go back.
lyrics-kept = 🎤 I'll keep the words for the song that comes next.
files-gone = The song lay unused and I removed it to make room. Send it again.
recipe-unreadable = The link is damaged. Ask for it again, or send the song yourself.
recipe-gone = I no longer have this song. Send it as a file and we'll do the rest.

# The card
card-untitled = Untitled
card-part = ⏱ { $start } – { $end } ({ $seconds ->
        [one] { $seconds } second
       *[other] { $seconds } seconds
    })
card-theme = 🎨 { $theme }
card-theme-gallery = 🎨 <b>{ $theme }</b> ({ $nth } of { $count })
card-cover-own = 🖼 Your own cover
card-cover-song = 🖼 The song's cover
card-cover-default = 🖼 The standard cover
card-lyrics = 🎤 With the words
card-lyrics-search = 🎤 Looking for the words…
card-lyrics-none = 🎤 No words yet: send the song's .lrc file
card-preview-only = ✂️ Only about 30 seconds can be had. Send the file for all of it.
card-covers = 🖼 Which cover? For your own, just send a picture.
button-create = ▶️ Create circle
button-best = ⭐ { $nth }
button-start = ⇤ { $step }
button-end = { $step } ⇥
button-length = { $seconds } s
button-times = ⌨️ Times
button-theme = 🎨 Look
button-cover = 🖼 Cover
button-preview = 👁 Preview
button-new = 🎵 Another song
button-back = ← Back
button-take = ✅ Take it
button-cover-own = My own
button-cover-song = The song's
button-cover-default = Standard
button-page-next = More →
button-page-previous = ← Back
button-cancel = ✖️ Cancel
button-send-again = 🔁 Send again
button-retry = 🔁 Try again
button-another-moment = ⏱ Another moment
button-another-look = 🎨 Another look
button-share = 📤 Share

# Settings, history, deletion
settings-title =
    ⚙️ <b>Settings</b>
    Language: English
    Length of a circle: { $seconds ->
        [one] { $seconds } second
       *[other] { $seconds } seconds
    }
    Look: { $theme }
button-theme-next = 🎨 Another look
history-title = 🕓 <b>Your last circles</b>. Press a number to begin from it:
history-empty = No circles yet. Send a song and we'll make the first.
history-line = { $nth }. { $song }, { $start } – { $end }
cancelled = { $count ->
        [0] There is nothing to cancel. Send a song to begin.
        [one] Cancelled { $count } circle.
       *[other] Cancelled { $count } circles.
    }
cancel-asked = Stopping…
cancel-too-late = Too late: the circle is on its way, or the work is done.
resend-started = Sending it again.
resend-not-needed = No need to send it again.
retry-started = Trying again.
forget-ask = Delete everything I know about you: history, settings, songs and circles? This cannot be undone. Messages in the chat stay.
button-forget-yes = Yes, delete everything
button-forget-no = No
forgotten = 🗑 Deleting everything I knew about you. To come back, just send a song.
forget-kept = Nothing was deleted.

# While it is drawn
status-queued = { $ahead ->
        [0] ⏳ Your circle is next
        [one] ⏳ { $ahead } circle before yours
       *[other] ⏳ { $ahead } circles before yours
    }{ $seconds ->
        [0] …
        [one] , beginning in { $seconds } second.
       *[other] , beginning in { $seconds } seconds.
    }
status-started = 🎬 Listening and drawing…
status-rendering = 🎬 Drawing: { $percent }%{ $seconds ->
        [0] .
        [one] , { $seconds } second left.
       *[other] , { $seconds } seconds left.
    }
status-sending = 📤 Sending…
status-checking = 🔍 Telegram did not confirm it. Checking whether the circle arrived.
status-cancelled = ✖️ Cancelled.
status-set-aside = I failed with this song twice. Try another moment or another file.
status-unknown = 🤷 Not sure whether the circle arrived. If it is not in the chat, send it again.
square-caption = Video messages are forbidden in your privacy settings, so this is an ordinary video.

# Sharing
share-card =
    🎵 <b>{ $song }</b>
    ⏱ { $start } – { $end } · 🎨 { $theme }

    Open it to listen, or to make a circle of your own.
share-title = A music circle
share-open = 🎵 Make one like it

# For the owner
stats-days = 📊 <b>By day</b>: people, circles, searches
stats-queue = <b>Queue</b>: { $queued } waiting (the longest for { $longest } s), { $rendering } drawn, { $sending } being sent
stats-day = <b>24 hours</b>: { $sent } sent ({ $again } of them were there already), { $failed } failed, { $refused } refused, { $unknown } unknown
stats-times = <b>Seconds</b>: p50, p95
stats-machine = <b>Drawing</b>: { $speed } ms a second of circle. <b>Disk</b>: { $used } of { $budget } MB
admin-code =
    Your code for the operator's page:
    <code>{ $code }</code>

    It works once, within five minutes. If you did not ask for it, tell the others who run me.
admin-private = I give codes in private only: open a chat with me and send /admin there.

# The list of commands
# The button beside what people write; Telegram takes one for all languages.
menu-studio = Studio
command-newsong = another song
command-history = earlier circles
command-settings = language, length, look
command-cancel = cancel
command-help = how it works
command-delete-me = delete everything about me
