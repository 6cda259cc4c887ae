# Errors of the program's parts: what happened, and what to do next.

source-not-found = That song is no longer there. Choose another from the list, or send the file.
source-not-playable = The owner of this song lets nobody hear it. Choose another version, or send the file.
source-unknown-link = I don't know that link. Send a link to a song on Yandex Music, Deezer, Apple Music or Spotify, or its name.
source-not-one-song = That link leads to an album, an artist or a playlist. Open one song and send the link to it.
source-off = That service is not connected here. Send the name of the song or the file.
source-token-refused = The music service no longer lets me in; the owner of the bot can mend that. Send the song as a file for now.
source-wrong-country = The music service does not work in the country this bot stands in. Send the song as a file.
source-busy = The music service asks for a break. Try again in a minute, or send the file.
source-unavailable = The music service does not answer. Try again in a minute, or send the file.
source-garbled = The music service answered something odd. Try another song, or send the file.
source-too-large = That recording is too large. Send a shorter file, or choose another version.
source-disk = I have no room for the song right now. Try again in a few minutes.

upload-too-large = The file is larger than { $megabytes } MB, and I cannot get it. Send a shorter one, or an mp3.
upload-gone = Telegram did not give me the file. Send it again.
upload-slow = The file took too long to arrive. Send it again, or send a smaller one.

media-not-sound = I found no music in this file. Send an mp3, m4a, ogg, flac, wav or a voice message.
media-too-short = The recording is shorter than a second, too short for a circle. Send a longer one.
media-broken = The file is damaged or of a kind I don't know. Send it as mp3.
media-timeout = The file takes too long to read. Send it as mp3, or send a shorter one.
media-machine = Something broke on my side, it is not your file. Try again in a minute.
picture-broken = I cannot open this picture. Send it as a photo, in JPEG or PNG.
picture-too-large = The picture is too large. Send it as a photo, not as a file.
lyrics-broken = I could not read the words. Send the .lrc file of one song, up to 64 kB.
lyrics-untimed = There are no times in these words. Send an .lrc file: it has one before each line, such as [00:12.50].

reject-too-many = You have several circles in the works already. Wait for one of them, or press /cancel.
reject-queue-full = There is a queue right now. Try again in { $seconds ->
        [one] { $seconds } second
       *[other] { $seconds } seconds
    }.
reject-disk-low = I have run out of room for new circles. Try again in a few minutes.
reject-blocked = You cannot use me: the operator of this bot has blocked you. Ask them why; /delete_me still works.
reject-draining = I am about to be restarted and take nothing new. Try again in a few minutes.
trouble-record = I could not write that down. Try again in a minute.
trouble-internal = Something went wrong on my side. Try again; if that does not help, send the song anew.

failed-request = No circle came of this: the file or the moment did not fit. Choose another moment, or send another file.
failed-machine = I could not draw the circle, it is not the song. Try again.
failed-timeout = The circle took too long. Try again, or take a shorter moment.
failed-file-gone = The song was gone from the disk before the circle got to you. Send it again.

refused-voice = Your settings forbid video messages, and an ordinary video did not go through either. Allow them: Settings → Privacy → Voice Messages.
refused-too-large = Telegram found the circle too large. Choose a shorter moment.
refused-chat = I may not write to this chat. Bring me back into it, or write to me in private.
refused-unreachable = Telegram could not be reached for long. Try again.
refused-other = Telegram did not take the circle. Try again, or choose another moment.
