"""Words that are names of people as well, by how much a capital letter says about them. Used by anonymity.py."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Ordinary words: a capital in mid-sentence makes a name of them.
ORDINARY = _words(
    """
    able alder archer art ash aspen baker barber beech bell berry best bill birch bird black blossom blue bond bow
    bowl brand brave bright brook brooks brown bull burns bush butcher butler cane carol carpenter carter case cedar
    chance chase christian church clay cliff close cole colt cook cooper crane crisp cross crow dale dash dawn day
    dean dogwood drake drew dusk dyer eagle earl early elder elm english eve faith farmer fern field finch fisher
    fletcher flint flood flower flowers forest fox frank free french frost gale gamble garden gay gift glass glen
    gold golden good grace grant gray green grey grove guy hall hand hands hardy harmony harper hart hawthorn hazel
    heath heather herb hill hills holly holt honour hood hope horn house hunt hunter ivy jack jade jewel jolly joy
    judge just keen kid king kitchen knight knott lack lake lamb lance lane laurel law lily little lock long love
    low luck major man maple mark marks marsh marshal marshall mason max mead mercy merry mews miles mill miller
    mills moon moor moore more moss nail neal new nick noble oak olive owl page paige pain paine park parker
    parks parson pat patience pearl penny perry pike piper pond poole pope poplar porter post potter pound power
    powers pratt price pride prince prior purdy quick rain ray read reed reeves rich ridge ring rivers rob robin
    rock root rose rowan ruby rush russet sage salmon salt sandy savage scales sharp shepherd shore short silver
    singer skinner sky slaughter small smart snow sorrel spark sparks speed spence spring star steel stern
    stone story strange street strong sue summer summers swan sweet swift tanner taylor temple terry thorn tiger
    tile towers towns tree turner underwood vale victor violet wade walker wall walls ward waters way weaver webb
    wheeler white wild wilder will wills winter winters wise wolf wood woods worth wren wright yew young
    """
)

# Months are written with a capital as well: one says nothing where a date is told.
MONTHS = _words(
    """
    april august december february january july june march may november october september
    """
)

# Roles, offices, places and what sample data is named after have a capital in plain text: only a neighbour tells.
CAPITALISED = _words(
    """
    agency area assistant bath bedford birmingham board bolton bradford brighton bristol britain british brother
    cambridge camden cardiff care carlisle central chelsea chester chief child children client college commission
    community constable council countersigning court coventry crown croydon department deputy derby devon director
    doctor dorset durham duty east eight england essex european example exeter family father five four friday
    gloucester government greater hackney hampshire head hereford home hospital hull inspector inspectorate invented
    ireland justice kent lancaster lead leader leeds leicester liaison lincoln line liverpool london luton
    magistrate mailbox manager manchester mcg member midlands minister ministry monday mother national newcastle
    newport nine norfolk north northampton norwich nottingham nurse offender office officer one oxford panel paris
    parole partner pdu person plymouth police portsmouth practitioner preston prison probation reading regional
    reviewer reviewing road rochester saturday school scotland secretary senior service seven sfo sheffield sister
    six social somerset south spoc staff stafford staffordshire state stoke suffolk sunday sunderland supervised
    supervisor surrey sussex swansea team ten three thursday tribunal trust tuesday two unit university victim wales
    warwick wednesday wells west westminster winchester wolverhampton worcester worker workers wrexham york
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
