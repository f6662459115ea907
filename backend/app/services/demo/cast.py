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
octo/api#408 issue Search forgets words behind a hyphen
octo/api#412 pull Keep sessions alive across restarts
octo/api#415 issue Exports over 10,000 rows time out
octo/api#418 pull Stream exports instead of building them in memory
octo/api#421 issue The rate limit takes everyone behind a proxy for one
octo/api#423 draft Count clients by their own address
octo/web#201 pull Keyboard shortcuts for the inbox
octo/web#206 issue Focus is lost when a dialog closes
octo/web#209 pull Give focus back to what opened a dialog
octo/web#213 issue Dates are a day off west of Greenwich
octo/web#214 pull Show dates in the reader's own zone
octo/web#218 draft New empty states
octo/web#220 issue The chart has no words for screen readers
octo/mobile#77 issue Photos arrive rotated from some phones
octo/mobile#79 pull Turn photos by what the camera says
octo/mobile#83 pull Open links in the app
octo/mobile#85 issue The app asks for notifications too early
octo/infra#54 issue Move the nightly build to the new runners
octo/infra#56 pull Pin base images by digest
octo/infra#58 issue Backups are never restored for a test
octo/infra#60 pull Restore last night's backup every morning
octo/infra#63 pull Raise the connection limit of the pool
octo/infra#65 issue Certificates of the staging hosts end in December
octo/infra#66 pull Pass on the client's address at the edge
octo/docs#30 pull A page on moving from the old importer
octo/docs#33 issue The quick start skips a step
octo/docs#34 pull Quick start: say where the token goes
octo/docs#36 discussion How much should the handbook say about incidents?
octo/firmware#12 issue The sensor drifts when it is cold
octo/firmware#14 pull Calibrate below five degrees
octo/firmware#16 issue The bootloader refuses images signed by the new key
octo/firmware#17 pull Accept images signed by the new key
octo/design#9 discussion One colour for warnings, or two?
octo/design#11 issue Icons are blurred at 125 %
"""

CAST: Final = (
    _person(
        "ada",
        "Ada Okafor",
        "Europe/London",
        """
        p Planning the week: octo/api#401 first, then the export that times out (octo/api#415)
        i Reading how exports are built. They hold every row in memory, no wonder about octo/api#415
        i Wrote a test that exports 50,000 rows. It fails, as it should
        i Opened octo/api#418, which streams exports
        b Streamed exports hold a connection for longer, so they wait for octo/infra#63
        i Meanwhile reviewing octo/web#214. Time zones, always time zones
        d! octo/api#401 is merged: every list goes by cursor now
        i Measuring octo/api#418 again: 80 MB where it was 1.9 GB
        i Answering the review of octo/api#418
        p Next is octo/api#421, since a support case hangs on it
        i Reproduced octo/api#421 with two browsers behind one proxy
        d! octo/api#418 is in and octo/api#415 closed: 200,000 rows in 4 seconds
        i Drafted octo/api#423. It is short; the tests are not => Drafted octo/api#423. It is short; its tests are not
        i Going through octo/api#423 with Jamal, who finds the holes
        b Clients can be told apart once the edge says who they are: octo/infra#66
        """,
    ),
    _person(
        "bruno",
        "Bruno Keller",
        "Europe/Berlin",
        """
        i On call this week. Two alerts overnight, both about disks, both false
        i Moving the nightly build to the new runners, octo/infra#54
        d Half of the nightly build runs on the new machines
        i Trying octo/infra#63 on staging with twice the load
        d! octo/infra#63 is live: the pool may take 60 connections
        i Pinning base images by digest, octo/infra#56
        d! All base images are pinned (octo/infra#56), and a bot opens a pull request when one changes
        p Tomorrow we restore a backup for real, octo/infra#58
        i Writing down what a restore needs, before there is a fire
        i Restored last night's backup on an empty machine: 11 minutes
        i octo/infra#60 does the same every morning and tells when it fails
        d! Merged octo/infra#60, so octo/infra#58 is done. It took five tries and one coffee
        i Rolling octo/infra#66 out, one region after the other
        i Two of five regions pass the client's address on
        i Three of five regions. Stopping for today, on purpose
        """,
    ),
    _person(
        "chiara",
        "Chiara Rossi",
        "Europe/Rome",
        """
        p Sketching what an empty inbox says, for octo/web#218
        i Eleven drafts of one sentence. The shortest wins
        d First empty states are in octo/web#218, as a draft
        i Icons at 125 %: redrawing the worst five (octo/design#11)
        i Asking everyone: octo/design#9. One colour for warnings, or two?
        d Five icons are sharp again
        i Testing colours with the simulator for colour blindness
        b Can't finish the dialogs before focus comes back where it was: octo/web#209
        i Drawing the states of the export button instead
        d! octo/design#11 is closed, with all forty icons on the grid
        i Watching three people find the export. Two did
        d Moved the export to where they looked for it
        i Dialogs again, now that focus behaves
        p Tomorrow: print styles, since accounting prints everything
        d The dialogs are ready to be built
        """,
    ),
    _person(
        "divya",
        "Divya Nair",
        "Asia/Kolkata",
        """
        i Checking why Friday's numbers are 3 % low
        i It is time zones: octo/web#213 counts a day twice west of Greenwich
        d Corrected last week's report by hand, and noted how
        p A dashboard that says how old its numbers are
        i Building it. The query takes 9 seconds, which is 8 too many
        d The query takes 0.4 seconds with the right index
        b The weekly numbers wait for octo/web#214
        i In the meantime cleaning up 14 columns named "status2"
        d 14 columns gone, nobody has noticed
        i octo/web#214 is in: counting the week anew => octo/web#214 is in: counting the whole week anew
        d The numbers agree with accounting, to the cent
        p Next: what the export costs, before and after octo/api#418
        i Comparing a month of exports from before and after octo/api#418
        d The chart for Thursday's review is ready
        b The chart goes out once it can be heard as well: octo/web#220
        """,
    ),
    _person(
        "elif",
        "Elif Demir",
        "Europe/Istanbul",
        """
        i Walking through the inbox with nothing but the keyboard
        d Filed octo/web#206: focus is lost when a dialog closes
        i Trying octo/web#201 on three keyboards. The French one wins
        i Regression run for the release, 212 of 340 cases
        i 340 of 340. Two failures, both mine
        d The release is good from my side
        i Photos from four phones, three of them rotated: octo/mobile#77
        i Writing the case down so that nobody has to own that phone
        d! Tried octo/web#209 everywhere: merged, and octo/web#206 is closed
        p A week without manual cases for login: 18 of them can be code
        i Six of 18 are code now
        i Eleven of 18. The one with the expired link is tricky
        d All 18 are code, and take 40 seconds together
        i Testing octo/mobile#79 with last year's phones
        b The oldest phone can be tried once octo/mobile#79 is merged
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
        i Three customers can't log in behind one proxy, see octo/api#421
        i Collecting what they have in common
        d It is the company's proxy each time; added all details to octo/api#421
        i Calls until noon
        b Two customers wait for the longer export, and I for octo/api#418
        i Writing an answer that explains proxies without the word "proxy"
        i Ten tickets, and a cake from a customer
        d Told everyone who waited for exports. They are happy
        i Teaching the new colleague where things are
        i Twelve tickets, none older than a day
        d The answer about notifications is in the handbook, until octo/mobile#85 is done
        i Last calls, then the weekly summary
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
        d! octo/docs#34 is merged, octo/docs#33 closed. Six minutes from nothing to the first status
        i Reading all that people ask in octo/docs#36
        i A draft of the page on incidents, half as long as feared
        b The page on moving can't name the new limits before octo/api#401
        i Looking for words that only we understand. 23 so far
        d Glossary: 23 words became 9
        i The page on moving from the old importer, octo/docs#30
        i Asked Leo to follow octo/docs#30. He was lost twice
        d! octo/docs#30 is in, with what Leo tripped over
        i Screenshots for the new export, light and dark
        i Answering octo/docs#36: as much as helps at three in the morning
        d The handbook has its page on incidents
        """,
    ),
    _person(
        "hiro",
        "Hiro Tanaka",
        "Asia/Tokyo",
        """
        i Looking into rotated photos, octo/mobile#77
        i Two makers write the orientation differently. Of course
        d A test photo from each maker is in the repository
        i Opened octo/mobile#79, which turns photos by what the camera says
        p Links should open in the app: octo/mobile#83
        i The easy half of octo/mobile#83 works
        i The other half needs a file on the server
        b Waiting for the pinned images, since the file comes with them: octo/infra#56
        i Asking for notifications later, when someone has a reason: octo/mobile#85
        i The file is there: links open in the app on both systems
        d! octo/mobile#83 is merged
        b The prompt for notifications borrows its words from octo/web#218
        i The prompt comes after the first blocker now, in words of our own
        i Answering the review of octo/mobile#79
        b One review is missing on octo/mobile#79
        """,
    ),
    _person(
        "ines",
        "Inês Duarte",
        "America/Sao_Paulo",
        """
        i Shortcuts for the inbox, octo/web#201: j, k, and a help page
        i Shortcuts can be switched off now, for those who dictate
        d octo/web#201 is ready for review
        i Dates a day off, octo/web#213: reproduced by setting the clock to Lima
        i octo/web#214 shows dates in the reader's own zone
        i More tests for octo/web#214, one for each odd zone
        d! octo/web#201 is merged. Press ? for the list
        i Focus comes back to what opened a dialog: octo/web#209
        d octo/web#209 is ready, Elif has it
        d! octo/web#214 is in and octo/web#213 closed
        i Cleaning up after it: three helpers less
        b Words for the chart, octo/web#220, begin with those of octo/web#218
        i A table behind the chart that screen readers find, octo/web#220
        d! Both charts can be heard now: octo/web#220 is closed
        b The legend borrows its words from octo/web#218, so it waits for them
        """,
    ),
    _person(
        "jamal",
        "Jamal Carter",
        "America/New_York",
        """
        i Reading what changed in our dependencies since last month
        d Two updates matter, both are in
        p Certificates of the staging hosts end in December, octo/infra#65
        i Reviewing octo/api#412: what happens to a session when we restart
        i One question left on octo/api#412
        d! octo/api#412 is merged. Nobody is logged out by a restart any more
        i New signing key for the firmware, in a box with two locks
        i The old bootloaders refuse it: octo/firmware#16
        b Signing waits for octo/firmware#17
        i Signed the first image with the new key. Now certificates (octo/infra#65)
        d! All staging hosts renew by themselves, octo/infra#65 is closed
        b Locking out whoever guesses passwords waits for octo/api#423
        i Reading octo/api#423 the way someone would who wants to get around it
        i Two ways around octo/api#423 found, both closed since
        b The lock against guessing is ready. It goes in after octo/api#423
        """,
    ),
    _person(
        "kaia",
        "Kaia Nguyen",
        "America/Los_Angeles",
        """
        p Deciding what goes into the release: exports, dates, shortcuts
        i Talking to five customers who export every week
        d Four of five want the same button. Wrote down which
        i Reading octo/docs#36, with a pen
        i Planning the review: twenty minutes, three demos
        d The release has a date: Thursday
        b No date can be announced before octo/api#418
        i Release notes, in words that my mother understands
        i Asking support what people will ask
        i Release notes are with Greta
        d! Decided after octo/design#9: two colours, one of them for errors alone
        d The release is out. Thank you all!
        i Reading the first reactions
        p What comes next: a board with every idea, and a line through most
        i Calling the two who were unhappy
        """,
    ),
    _person(
        "leo",
        "Léo Martin",
        "Europe/Paris",
        """
        i The sensor in the cold room: 2 degrees off (octo/firmware#12)
        i Logging it overnight, next to a good thermometer
        i Building a second rig, since the first is in the fridge
        i The drift begins at five degrees: octo/firmware#14 calibrates below
        d Eight sensors measured, all agree
        p A batch of forty boards comes on Friday. Clearing the bench
        i The bootloader and the new key, octo/firmware#17
        i Bricked one board. Unbricked it with a paper clip
        d! octo/firmware#17 is in, octo/firmware#16 closed. Old boards take both keys
        i Following octo/docs#30 as if I knew nothing
        d! octo/firmware#14 is merged and octo/firmware#12 closed, after a night in the freezer
        i Soldering headers on the first ten boards
        i Forty boards are here. Three fell out of the box
        i 28 of 40 boards pass
        d 39 of 40 boards pass. The last one is a paperweight now
        """,
    ),
)
