"""The demo's people: who they are, what they post in a week, and the GitHub items they mention.

This module is longer than others because it consists of sentences. Each person has five days of three lines. A line
begins with its category's first letter. `!` after that letter merges or closes everything the line mentions, at that
moment. The text after `=>` is the line after its author's edit.
"""

from dataclasses import dataclass
from typing import Final

LABEL: Final = "(demo)"
PREFIX: Final = "demo-"


@dataclass(frozen=True, slots=True)
class Person:
    """A demo person: a username without its prefix, a display name without its label, and a time zone."""

    name: str
    full_name: str
    time_zone: str
    week: tuple[str, ...]

    @property
    def username(self) -> str:
        """The prefix and the label together mark the account as the demo's."""
        return f"{PREFIX}{self.name}"

    @property
    def display_name(self) -> str:
        """What everyone sees. It says that this is the demo."""
        return f"{self.full_name} {LABEL}"


def _person(name: str, full_name: str, time_zone: str, week: str) -> Person:
    return Person(name, full_name, time_zone, tuple(line.strip() for line in week.strip().splitlines()))


# Titles and kinds of what people mention. `draft` and `discussion` are marked; all others are open at first.
REFERENCES: Final = """
octo/api#401 pull Page through lists by cursor
octo/api#408 issue Search ignores words after a hyphen
octo/api#412 pull Keep sessions alive across restarts
octo/api#415 issue Exports over 10,000 rows time out
octo/api#418 pull Stream exports instead of building them in memory
octo/api#421 issue The rate limit treats everyone behind a proxy as one client
octo/api#423 draft Count clients by their own address
octo/web#201 pull Keyboard shortcuts for the inbox
octo/web#206 issue Focus is lost when a dialog closes
octo/web#209 pull Return focus when a dialog closes
octo/web#213 issue Dates are off by a day west of Greenwich
octo/web#214 pull Show dates in the reader's time zone
octo/web#218 draft New empty states
octo/web#220 issue Screen readers can't read the chart
octo/mobile#77 issue Photos arrive rotated from some phones
octo/mobile#79 pull Rotate photos by their camera data
octo/mobile#83 pull Open links in the app
octo/mobile#85 issue The app asks for notifications too early
octo/infra#54 issue Move the nightly build to the new runners
octo/infra#56 pull Pin base images by digest
octo/infra#58 issue Nobody ever tests our backups
octo/infra#60 pull Restore last night's backup every morning
octo/infra#63 pull Raise the connection limit of the pool
octo/infra#65 issue Certificates of the staging hosts end in December
octo/infra#66 pull Pass the client's address on at the edge
octo/docs#30 pull A page on moving from the old importer
octo/docs#33 issue The quick start skips a step
octo/docs#34 pull Quick start: say where to put the token
octo/docs#36 discussion How much should the handbook say about incidents?
octo/firmware#12 issue The sensor drifts in the cold
octo/firmware#14 pull Calibrate below five degrees
octo/firmware#16 issue The bootloader refuses images signed by the new key
octo/firmware#17 pull Accept images signed by the new key
octo/design#9 discussion One colour for warnings, or two?
octo/design#11 issue Icons are blurry at 125 %
"""

CAST: Final = (
    _person(
        "ada",
        "Ada Okafor",
        "Europe/London",
        """
        p Planning the week: first octo/api#401, then the export that times out (octo/api#415)
        i Reading the export code. It keeps every row in memory, so octo/api#415 is no surprise
        i Wrote a test that exports 50,000 rows. It fails, as it should
        i Opened octo/api#418, which streams exports
        b Streamed exports need a connection for longer, so I'm waiting for octo/infra#63
        i Meanwhile reviewing octo/web#214. Time zones, always time zones
        d! octo/api#401 is merged: all lists use cursors now
        i Measured octo/api#418 again: 80 MB instead of 1.9 GB
        i Answering the review of octo/api#418
        p Next: octo/api#421, because a customer is waiting for it
        i Reproduced octo/api#421 with two browsers behind one proxy
        d! octo/api#418 is merged and octo/api#415 closed: 200,000 rows in 4 seconds
        i Drafted octo/api#423. It's short => Drafted octo/api#423. It's short, but its tests aren't
        i Going through octo/api#423 with Jamal, who found two gaps
        b Counting clients needs their real addresses: waiting for octo/infra#66
        """,
    ),
    _person(
        "bruno",
        "Bruno Keller",
        "Europe/Berlin",
        """
        i On call this week. Two disk alerts overnight, both false
        i Moving the nightly build to the new runners, octo/infra#54
        d Half of the nightly build runs on the new machines
        i Testing octo/infra#63 on staging with twice the load
        d! octo/infra#63 is live: the pool now has 60 connections
        i Pinning base images by digest, octo/infra#56
        d! All base images are pinned (octo/infra#56), and a bot opens a pull request when one changes
        p Tomorrow we'll really restore a backup, octo/infra#58
        i Writing down how to restore, before we need it
        i Restored last night's backup on an empty machine: 11 minutes
        i octo/infra#60 does the same every morning and alerts us if it fails
        d! Merged octo/infra#60, so octo/infra#58 is done. It took five tries and one coffee
        i Rolling out octo/infra#66, region by region
        i Two of five regions are done
        i Three of five regions are done. The rest can wait until tomorrow
        """,
    ),
    _person(
        "chiara",
        "Chiara Rossi",
        "Europe/Rome",
        """
        p Sketching the empty inbox for octo/web#218
        i Eleven drafts of one sentence. The shortest won
        d First empty states are in octo/web#218, as a draft
        i Redrawing the five worst icons (octo/design#11)
        i Asking everyone: octo/design#9. One colour for warnings, or two?
        d Five icons are sharp again
        i Testing our colours for colour blindness
        b Can't finish the dialogs before focus is fixed: octo/web#209
        i Drawing the export button instead
        d! octo/design#11 is closed, with all forty icons on the grid
        i Watched three people look for the export. Two found it
        d Moved the export to where they looked
        i Dialogs again, now that focus behaves
        p Tomorrow: print styles, because accounting prints everything
        d The dialogs are ready to be built
        """,
    ),
    _person(
        "divya",
        "Divya Nair",
        "Asia/Kolkata",
        """
        i Checking why Friday's numbers are 3 % low
        i It's time zones again: octo/web#213 counts a day twice
        d Corrected last week's report by hand, and wrote down how
        p A dashboard that shows how old its numbers are
        i Building it. The query takes 9 seconds, which is too slow
        d The query takes 0.4 seconds with the right index
        b Can't publish the weekly numbers before octo/web#214
        i Meanwhile, removing 14 columns named "status2"
        d 14 columns are gone, and nobody noticed
        i octo/web#214 is merged: recounting the week => octo/web#214 is merged: recounting the whole week
        d The numbers match accounting's, to the cent
        p Next: the cost of exports before and after octo/api#418
        i Comparing a month of exports from before and after octo/api#418
        d The chart for Thursday's review is ready
        b The chart can go out once screen readers can read it: octo/web#220
        """,
    ),
    _person(
        "elif",
        "Elif Demir",
        "Europe/Istanbul",
        """
        i Using the inbox with only the keyboard
        d Filed octo/web#206: focus is lost when a dialog closes
        i Testing octo/web#201 on three keyboards. The French one is the hardest
        i Regression tests for the release: 212 of 340 done
        i All 340 done. Two failures, both my own mistakes
        d The release is good from my side
        i Photos from four phones, three of them rotated: octo/mobile#77
        i Writing a test, so that nobody needs that phone
        d! Tested octo/web#209 everywhere. It's merged, and octo/web#206 is closed
        p Automating 18 manual login tests this week
        i Six of 18 are automated
        i Eleven of 18. The expired link is tricky
        d All 18 are automated, and take 40 seconds
        i Testing octo/mobile#79 with last year's phones
        b Can't test the oldest phone before octo/mobile#79 is merged
        """,
    ),
    _person(
        "farid",
        "Farid Haddad",
        "Africa/Casablanca",
        """
        i 41 new tickets over the weekend, most of them about exports
        i Answering the exports with a link to octo/api#415
        d Down to 12 tickets
        i Three customers behind the same proxy can't log in, see octo/api#421
        i Collecting what they have in common
        d It's their company's proxy. Added all details to octo/api#421
        i Calls until noon
        b Two customers need the longer export: waiting for octo/api#418
        i Trying to explain proxies without the word "proxy"
        i Ten tickets left, and a customer sent us a cake
        d Told everyone that exports work again. They're happy
        i Showing our new colleague around
        i Twelve tickets, none older than a day
        d The answer about notifications is in the handbook, until octo/mobile#85 is done
        i A few more calls, then the weekly summary
        """,
    ),
    _person(
        "greta",
        "Greta Lindqvist",
        "Europe/Stockholm",
        """
        p This week: the quick start, from an empty machine (octo/docs#33)
        i Followed our own quick start, and got stuck at step 4
        i Writing octo/docs#34, with the step that was missing
        d! octo/docs#34 is merged, octo/docs#33 closed. Six minutes to the first status
        i Reading everyone's questions in octo/docs#36
        i Drafted the page on incidents. It's shorter than I feared
        b Can't write down the new limits before octo/api#401
        i Looking for words that only we understand: 23 so far
        d The glossary went from 23 words to 9
        i The page on moving from the old importer, octo/docs#30
        i Asked Léo to follow octo/docs#30. He got lost twice
        d! octo/docs#30 is merged, with fixes for both places
        i Screenshots for the new export, light and dark
        i Answering octo/docs#36: whatever helps at three in the morning
        d The handbook has a page on incidents
        """,
    ),
    _person(
        "hiro",
        "Hiro Tanaka",
        "Asia/Tokyo",
        """
        i Looking into rotated photos, octo/mobile#77
        i Two manufacturers store the orientation differently. Of course
        d Added a test photo from each manufacturer
        i Opened octo/mobile#79, which rotates photos by their camera data
        p Links should open in the app: octo/mobile#83
        i The easy half of octo/mobile#83 works
        i The hard half needs a file on the server
        b The file comes with the pinned images: waiting for octo/infra#56
        i Asking for notifications later, when they're useful: octo/mobile#85
        i The file is there: links open in the app on iOS and Android
        d! octo/mobile#83 is merged
        b The prompt for notifications reuses texts from octo/web#218
        i The prompt now comes after the first blocker, with its own text
        i Answering the review of octo/mobile#79
        b octo/mobile#79 needs one more review
        """,
    ),
    _person(
        "ines",
        "Inês Duarte",
        "America/Sao_Paulo",
        """
        i Shortcuts for the inbox, octo/web#201: j, k, and a help page
        i Shortcuts can now be switched off, for people who dictate
        d octo/web#201 is ready for review
        i Reproduced octo/web#213 by setting my time zone to Lima
        i octo/web#214 shows dates in the reader's time zone
        i More tests for octo/web#214, one for each odd time zone
        d! octo/web#201 is merged. Press ? for the list
        i Focus returns after a dialog closes: octo/web#209
        d octo/web#209 is ready for Elif to test
        d! octo/web#214 is merged and octo/web#213 closed
        i Cleaning up: three functions fewer
        b The chart's texts (octo/web#220) build on those of octo/web#218
        i Adding a table for screen readers behind the chart, octo/web#220
        d! Screen readers can read both charts: octo/web#220 is closed
        b The chart's legend reuses texts from octo/web#218
        """,
    ),
    _person(
        "jamal",
        "Jamal Carter",
        "America/New_York",
        """
        i Reading what changed in our dependencies since last month
        d Two updates matter, and both are merged
        p Certificates of the staging hosts end in December, octo/infra#65
        i Reviewing octo/api#412: what happens to sessions when we restart
        i One question left on octo/api#412
        d! octo/api#412 is merged. A restart no longer logs anyone out
        i Made a new signing key for the firmware
        i The old bootloaders refuse it: octo/firmware#16
        b Can't sign anything before octo/firmware#17
        i Signed the first image with the new key. Next: certificates (octo/infra#65)
        d! All staging certificates renew themselves, octo/infra#65 is closed
        b The limit on password guesses needs octo/api#423
        i Reading octo/api#423 as an attacker would
        i Found two ways around octo/api#423. Both are closed now
        b The limit on password guesses is ready, but needs octo/api#423 first
        """,
    ),
    _person(
        "kaia",
        "Kaia Nguyen",
        "America/Los_Angeles",
        """
        p Deciding what goes into the release: exports, dates, shortcuts
        i Talking to five customers who export every week
        d Four of five want the same button
        i Reading octo/docs#36 and taking notes
        i Planning the review: twenty minutes, three demos
        d The release has a date: Thursday
        b Can't announce a date before octo/api#418
        i Writing release notes that my mother would understand
        i Asking support what customers will ask
        i Release notes are with Greta
        d! Decided octo/design#9: two colours, one of them only for errors
        d The release is out. Thank you all!
        i Reading the first reactions
        p Planning what comes next, and crossing most of it out
        i Calling two unhappy customers
        """,
    ),
    _person(
        "leo",
        "Léo Martin",
        "Europe/Paris",
        """
        i The sensor in the cold room is off by 2 degrees (octo/firmware#12)
        i Logging it overnight, next to a good thermometer
        i Building a second test rig, because the first one is in the fridge
        i The drift starts at five degrees: octo/firmware#14 calibrates below that
        d Measured eight sensors, and all agree
        p Forty boards arrive on Friday. Clearing the bench
        i Teaching the bootloader the new key, octo/firmware#17
        i Bricked one board. Unbricked it with a paper clip
        d! octo/firmware#17 is merged, octo/firmware#16 closed. Old boards accept both keys
        i Following octo/docs#30 as if I knew nothing
        d! octo/firmware#14 is merged and octo/firmware#12 closed, after a night in the freezer
        i Soldering headers on the first ten boards
        i The forty boards are here. Three fell out of the box
        i 28 of 40 boards pass
        d 39 of 40 boards pass. The last one is now a paperweight
        """,
    ),
)
