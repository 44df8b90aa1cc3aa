"""Words that are names of people as well, by how much a capital letter says about them. Used by anonymity.py."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Ordinary words: a capital in mid-sentence makes a name of them.
ORDINARY = _words(
    """
    abbot able alder amber angel archer art ash aspen baker barber beech bell berry best bill birch bird
    bishop black blossom blue bond bow bowl brand brave bright brook brooks brown bull burns bush butcher
    butler cane carol carpenter carter cedar chambers chance charity chase christian church clay cliff close
    cole colt cook cooper crane crisp cross crow dale dash dawn day deacon dean dogwood drake drew duke dusk
    dyer eagle earl elder elm english eve faith farmer fern field finch fisher fletcher flint flood flower
    flowers forest fox frank free french frost gale gamble garden gay gift glass glen gold golden good grace
    grant gray green grey grove guy hall hand hands hardy harmony harper hart hawthorn hazel heath heather
    herb hill hills holly holt honour hood hope horn house hunt hunter ivy jack jade jewel jolly joy judge
    just keen kid king kitchen knight knott lack lake lamb lance lane laurel law lily little lock long love
    low luck major man maple mark marks marsh marshal marshall mason max mead mercy merry mews miles mill
    miller mills moon moor moore more moss nail neal new nick noble oak olive owl page paige pain paine park
    parker parks parson pat patience pearl penny perry pike piper pond poole pope poplar porter potter pound
    power powers pratt price pride prince prior purdy quick rain ray read reed reeves rich ridge ring rivers
    rob robin rock root rose rowan ruby rush russet sage salmon salt sandy savage scales sharp shepherd shore
    short silver singer skinner sky slaughter small smart snow sorrel spark sparks speed spence star steel
    stern stone story strange street strong sue summers swan sweet swift tanner taylor temple terry thorn
    tiger tile tower towers towns tree trinity turner underwood vale victor violet virtue wade walker wall
    walls ward waters way weaver webb wheeler white wild wilder will wills winters wise wolf wood woods worth
    wren wright yew young
    """
)

# Months and seasons are written with a capital as well: one says nothing where a date is told.
MONTHS = _words(
    """
    april august autumn december february january july june march may november october september spring summer winter
    """
)

# Roles, offices, places and what sample data is named after have a capital in plain text: only a neighbour tells.
CAPITALISED = _words(
    """
    agency area assistant bath bedford birmingham board bolton bradford brighton bristol britain british
    brother cambridge camden cardiff care carlisle case central chelsea chester chief child children client
    college commission community constable council countersigning court coventry crown croydon department
    deputy derby devon director doctor dorset durham duty early east eight england essex european example
    exeter family father five four friday gloucester government greater hackney hampshire head hereford home
    hospital hull inspector inspectorate invented ireland justice kent lancaster lead leader leeds leicester
    liaison lincoln line liverpool london luton magistrate mailbox manager manchester mcg member midlands
    minister ministry monday mother national newcastle newport nine norfolk north northampton norwich
    nottingham nurse offender office officer one oxford panel paris parole partner pdu person plymouth police
    portsmouth post practitioner preston prison probation reading regional reviewer reviewing road rochester
    saturday school scotland secretary senior service seven sfo sheffield sister six social somerset south
    spoc staff stafford staffordshire state stoke suffolk sunday sunderland supervised supervisor surrey
    sussex swansea team ten three thursday tribunal trust tuesday two unit university victim wales warwick
    wednesday wells west westminster winchester wolverhampton worcester worker workers wrexham york
    """
)

# These belong to a name and name nobody by themselves.
PARTICLES = _words(
    """
    al and ap bin bint da das de del den der di dos du el ibn la le les of the van von
    """
)

# These stand before a name.
TITLES = _words(
    """
    dame dc di doctor dr ds lady lord miss mr mrs ms mx pc prof professor rev reverend sir
    """
)

# Titles that are no words besides.
ABBREVIATED = _words("mr mrs ms mx dr")

# A capitalised word before one of these belongs to an office, a place or a plan: Young Offender Institution.
OFFICES = _words(
    """
    act adult adults avenue bank board centre class commission counsel court crime crown estate hospital hostel house
    institution lane look offender offenders order outreach paper park people person persons police premises prison
    programme project release road school scrubs service services street team unit ward
    """
)

# These are a place behind another word with a capital: Market Street.
PLACES = _words("church house park street")

# After an article a capitalised word is a thing, unless one of these follows: the Young family.
FAMILY = _words(
    """
    brother brothers case child children family file home household killing matter murder parents siblings sister
    sisters trial
    """
)

# Two letters that are a word and no name, even with a capital.
SHORT = _words("ad am an as at be by co ex go he hi id if in is it me my no of oh ok on or pa re so st to up us we ye")

# What a person does, and a month, a colour or a hope does not.
DEEDS = _words(
    "admitted asked attended denied disclosed explained knew lived lives phoned rang said stated thought told visited"
    " wanted wrote"
)
UNDERGONE = _words("arrested asked charged convicted interviewed recalled released seen sentenced told visited")
