"""Common parts of passwords: the words and keyboard walks that `password_rules` knows.

Written by hand, and tried on the passwords with 12 and more characters in the lists of Django 5.2 and zxcvbn 4.5; some
phrases at the end were added because they were missed there. Of Django's 190 passwords, 134 are refused. Most others
are known from one person only.
"""

from typing import Final

# Words that fill a phrase and add little to it.
_SHORT = """
    a am and are be by do for go hi i in is it its la le me mi mr my new no of oh ok old on one our so te the this to
    tu two up us we you your
"""

# Words that people use first, in the languages of long lists of stolen passwords: security, things near the keyboard,
# love, games, teams, films, animals, months and first names; then well-known phrases.
_COMMON = """
    abcdef access account admin administrator adminadmin backup changeit changeme computer cisco database default demo
    desktop developer docker dragon email enter example facebook github gmail google guest hacker hello helpdesk
    hotmail internet iphone keyboard killer laptop letmein letmeinplease linkedin linux login logon manager master
    microsoft monitor mysql network nothing office oracle pass passcode passphrase passw passwd password passwort
    please postgres private public qwerty qwertz root router samsung secret secure security server service sesame
    setup shadow superuser support supervisor sysadmin system temp temporary test tester testing testtest toor trustno
    unknown user username vagrant website welcome whatever windows wordpress yahoo zaqwsx

    contrasena senha mudar motdepasse azerty bonjour bienvenue soleil doudou loulou marseille geheim hallo willkommen
    schatz sonnenschein wachtwoord welkom parola ciao juventus haslo polska hola clave amor teamo tequiero bonita
    princesa estrella adgangskode losenord salasana sifre parol privet gfhjkm ghbdtn kata sandi sayang anjing matkhau
    пароль привет любовь йцукен наташа максим андрей солнышко 密码 你好 woaini aini mima 5201314 iloveyou

    always angel angels awesome babe baby babygirl babyboy beautiful beauty best blessed blessing boss boyfriend
    brother buster champion cheese cherry chicken chocolate christ church cocacola coffee cookie cool crazy
    cutie daddy diamond dreams family father favorite flower forever freedom friend friends fuck fucker fuckoff
    fuckyou fuckme girl girls god golden good grace happy heart heaven honey jesus jesuschrist junior kiss kitty
    legend life live loser love loveme lovely lover lovers loveyou lucky mama mickey mommy money mother motherfucker
    music naruto number peace peaches pepper perfect pokemon pretty prince princess queen rainbow rockstar sexy
    sister smile smokey snoopy spring star starlight success sugar summer sunflower sunshine super superstar
    sweet sweetheart sweetie sweety sweetpea thank trust winter autumn world wonderful

    arsenal barcelona baseball basketball batman blink braves broncos cameron celtic chelsea chester counterstrike
    cowboy cowboys diablo eagles ferrari fishing fitness football gaming golf guitar hockey hunter hunting ironman
    jordan juventus lakers league legends liverpool madrid manchester marvel matrix maverick mercedes metallica
    minecraft mustang nirvana player playboy playstation porsche racing raiders ranger rangers realmadrid redsox
    redskins rocket rugby skate slayer slipknot soccer spider spiderman spongebob starwars steelers superman tennis
    thunder tigger transformers trooper trouble tweety united viking volleyball warcraft warrior wizard wolves xbox
    yamaha yankee yankees zelda

    apple bailey banana bear bird black blue bubbles buddy bull butterfly cat cats cow crystal dolphin dog dogs eagle
    elephant falcon fire fish flowers gold gray green horse horses iron kitten lion matthew monkey moon mouse nature
    ocean orange panda panther phoenix pink puppy purple rabbit red river rose scorpion shark silver sky snake snow
    spirit storm sun tiger turtle unicorn water white wolf yellow

    january february march april june july august september october november december monday tuesday wednesday thursday
    friday saturday sunday america american amsterdam australia berlin boston brazil california canada chicago dallas
    england france germany india indonesia london mexico newyork paris philippines texas

    aaron alex alexander alexandra alexis alice amanda amber andrea andrew angela angelina anna anthony antonio ashley
    austin benjamin brandon brian brittany carlos caroline charles charlie chris christian christine christopher claudia
    daniel daniela danielle david dennis diana diego dominic donald edward elizabeth emily emma eric fernando francis
    gabriel george ginger hannah harley harry heather henry isabella jack jackson jacob jacqueline jake james jason
    jasmine jennifer jeremy jessica jessie john johnny johnson jonathan jose joseph joshua juan julia julian justin
    karen katherine kevin kimberly kristina laura lauren leonardo lisa louise lucas luis madison maggie marcus margaret
    maria mariana martin martina max melissa michael michaela michelle miguel mike molly monica morgan natalia natalie
    natasha nicholas nicole oliver olivia oscar patricia patrick paul peter rachel rebecca richard robert roberto
    rosario ryan sabrina samantha samuel sandra sarah scott sebastian sergey smith sophie stephanie stephen steven
    taylor thomas tiffany valentina vanessa veronica victor victoria vincent william zachary

    avadakedavra avrillavigne backstreetboys carpediem christmastree christopher cocacola cookiemonster cosmopolitan
    devilmaycry finalfantasy greenlantern halloween hannahmontana hanshotfirst ichliebedich ihatethisgame
    independence information ingodwetrust intermilan international internazionale iseedeadpeople jamesbond
    justinbieber kartoffelpuffer laguerradelasgalaxias linkinpark liverpoolfc manchesterunited massimiliano
    merrychristmas moderncombat morganstanley mortalkombat needforspeed nightcrawler onedirection password
    peanutbutter professional przyjaciolki punksnotdead residentevil sanfrancisco schalke seniseviyorum sonyericsson
    startfinding stratocaster supernatural systemofadown telechargement thecakeisalie ticketmaster warhammer
    weihnachtsbaum whosyourdaddy ghbdtnrfrltkf 4815162342

    correcthorsebatterystaple correcthorse batterystaple troubador tobeornottobe thequickbrownfox quickbrownfox
    jumpsoverthelazydog loremipsum dolorsitamet maytheforcebewithyou hakunamatata opensesame abracadabra
    supercalifragilisticexpialidocious onceuponatime helloworld ihateyou whoami leavemealone
"""

SHORT_WORDS: Final = frozenset(_SHORT.split())
COMMON_WORDS: Final = frozenset(_COMMON.split())

# Along a keyboard's rows and columns, the alphabet and the keypad. Each is used in both directions. Rows of digits wrap
# around. Steps of one letter in any script are found by their code points.
TRACKS: Final = (
    "12345678901234567890",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qwertzuiopü",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "йцукенгшщзхъ",
    "фывапролджэ",
    "ячсмитьбю",
    "!@#$%^&*()_+",
    '!"§$%&/()=?',  # a German keyboard
    '!"№;%:?*()_+',  # a Russian keyboard
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "zaq1xsw2cde3vfr4bgt5nhy6mju7",
    "1qazxsw23edcvfr45tgbnhy67ujm",
    "zaq12wsxcde34rfvbgt56yhn",
    "qazwsxedcrfvtgbyhnujmikolp",
    "qazxswedcvfrtgbnhyujm",
    "qweasdzxc",
    "qwerasdfzxcv",
    "!qaz@wsx#edc$rfv%tgb",
    "147258369",
    "159753",
    "789456123",
    "13579",
    "24680",
)
