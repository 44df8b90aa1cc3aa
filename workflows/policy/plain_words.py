"""Words so ordinary in a review that one of them, redacted in one place and left in another, recovers nothing.

Used by leaked_spans.py. Left out on purpose, so that they tell: illnesses, beliefs, origins, drugs by name, trades,
and anything else that sets one person apart; so does a word of three letters that is not listed, since Amy, HIV and
gay are such. Words of one or two letters, numbers below 1000, years, months and days of the week are ordinary too.
"""

import re
from functools import lru_cache

from .ordinary_words import MONTHS

_WORDS = """
a able abnormal about above absence absent absolute abuse abusive accept access accommodate accommodation accompany
accord account accountable accuracy accurate accuse accused achieve acknowledge acquaintance across act action active
actual acute add addition address adequate adjourn adjust administrate administrative admit adult advance adverse
advice advise affair affect after afternoon again against age agency agenda aggravate aggression aggressive ago agree
ahead aim alarm alert align all allegation allege allocate allocation allow almost alone along already also alter
alternative although always am ambulance amend among amount an analyse analysis and angry annex announce annual
anonymise anonymous another answer anxiety anxious any anybody anyone anything anyway apart apologise apology apparent
appeal appear application apply appoint apportion appraise approach appropriate approve april are area argue arise
around arrange arrest arrive article as asap aside ask aspect assault assess asset assign assist associate assume
assurance at attach attempt attend attention attitude audience audit august author authority automatic autumn
available average avoid await aware away awful back background bad bail balance ban bar base basic basis be bear beat
became because become bed been before began begin begun behalf behave behaviour behind being belief believe belong
below benefit beside best better between beyond big bill birth bit blame block board body book born both bottom bought
bound box boy brave breach break breakdown brief bring broad broke broken brother brought budget build built burden
business busy but buy by calendar call came can cannot capability capable capacity capital car care careful carer
carry case caseload cases caseworker catch categorise category caught cause caution cease cell cent central centre
certain chair challenge chance change channel chaos character charge chase check checklist chief child childhood
children choice choose chose chosen chronic chronology circumstance cite city civil claim clarify class clear clerk
client clock close cloth coach code coerce coercive cohort colleague collect column combine come comfort command
comment commission commit committee common communicate community companion company compare complain complainant
complaint complete complex compliance complicate comply compose composite comprehensive concentrate concept concern
conclude condition conduct conference confidence confident confidential confirm conflict connect consent consequence
consider consist consistent constable constant constraint construct consult contact contain content context
contingency continue continuous contract contrary contribute control convene convenient conversation convict
conviction convince cooperate cope copy core coroner correct cost could council counsel counsellor count countersign
country county couple course court cover covid create credit crime criminal crisis criteria critical cross crown cry
cultural culture curfew curious current custody custom cut daily damage danger dangerous dashboard data date daughter
day de-escalate dead deadline deal dealt death debt decade december decide decision declare decline decrease deep
default defect defence defend defendant deficiency deficit define definite degree delay delius deliver demand
demonstrate deny department depend deputy describe deserve design designate desire desk despite detach detail detect
deter deteriorate determine develop deviate devise did die died differ different difficult difficulty dip direct
disagree disappoint discharge disciplinary discipline disclose disclosure discover discuss display dispute distance
distinct distress district disturb divide division do doctor document does doing domain domestic done door doubt down
draft draw drawn drew drink drive driven driver drop drove drug due during duty dying dynamic each earlier early ease
east easy eat economic educate education effect effective efficient effort eight eighteen either elder element eleven
eligible else elsewhere email emerge emergency emotion emphasis emphasise employ employee empty enable encounter
encourage end enforce engage enhance enjoy enough enquire enquiry ensure enter entire entitle entry environment equal
error escalate escalation escape especially essential establish estate estimate etc evaluate even evening event
eventual ever every everybody everyone everything everywhere evidence evident ex-partner exacerbate exact examine
example exceed except exceptional excess exchange exclude excuse exercise exhibit exist expect expense experience
experienced expert explain explanation explicit explore expose express extend extension extent external extra extreme
eye face facilitate fact factor factual fail failure fair faith fall fallen false familiar family far fast fatal
father fault favour fear feature february fed feedback feel feet fell felt female few field fifteen fifth fifty fight
figure file fill final finalise finance find finding fine finish fire firm first fit five fix flag flat flexible floor
focus foia folder follow food foot for force form formal formalise former forth forty forum forward fought found four
fourteen fourth frame framework free freedom frequent friday friend from front frustrate fulfil full function fund
funeral further future gain gap gate gather gave gdpr general generic gentle genuine get girl give given go goal god
goes gone good got govern government grade gradual grant great greater grief ground group grow grown growth guard
guess guidance guide guideline guilt guilty habit had half hand handbook handle handover happen happy harass hard harm
has have having he head headline heal health hear heard hearing heart heavy held help helpful helpline hence her here
hereafter hers herself hesitate hide high highlight him himself his history hit hmip hmpps hold holiday home homicide
honest hope hospital hostel hostile hotline hour house household how however human hundred hurt husband i idea ideal
identify identity if ignore ill illness illustrate image imagine immediate imminent impact imply important impose
impossible improve in inadequate inbox incident include income incomplete inconsistent incorrect increase indeed
independent indicate individual induct induction inform information initial initiate injure injury input inquest
inquiry inside insight insist inspect inspector inspectorate instance instead instruct insufficient intelligence
intend intense intensive intent intention interest interim intermediate internal interpret intervene intervention
interview into introduce investigate invite invoke involve is isolate issue it item its itself january jargon job join
joint judge judgement judgment july june just justice justify keen keep kept key kill kind knew know knowledge known
label lack land language large largely last late later latter law lawful lawyer lay layer lead leader learn learnt
least leave led left legal legislate length less lesson let letter level liaise liaison licence lie life lifestyle
lift light like likely limit line link list listen little live local location lock log long longer look loose lose
loss lost lot love low lower luck lying made magistrate mail mailbox main mainly maintain majesty major majority make
male man manage management manager manner manslaughter manual many mappa mappas marac march mark marry material matter
may maybe me mean meaning meant measure mechanism media medical medium meet member memory men mental mention mere
message met method middle midnight might mile mind minimal minimise minimum minister ministry minor minority minute
miss missed mistake misuse mitigate mix model moderate modern moj moment monday money monitor month mood moral more
moreover morning most mostly mother motive move much multi multiple murder must mutual my myself name narrative
national nature ndelius near necessary need negative neglect negotiate neighbour neighbourhood neither network never
nevertheless new newly news next nice night nine nineteen no nobody node noise nominate none nor normal north not note
notebook nothing notice notification notify november now nsfo number nurse oasys object objective oblige observation
observe obtain obvious occasion occupy occur october of off offence offend offender offer office officer official
offline often okay old omission omit on once one ongoing online only onto open operate operation opinion opportunity
oppose opposite opt option or oral order ordinary organisation organise origin original other otherwise ought our
ourselves out outcome outline outset outside outstanding over overall overdue overload overlook oversaw oversee
oversight overview own pace page paid pain panel paper paragraph parallel parent park part partial participate
particular partly partner partnership party pass passage past pathway patient pattern pause pay pdu pdus peer people
per percent perfect perform perhaps period permanent permit perpetrate perpetrator persist person personal perspective
phase phone physical pick picture piece place plain plan play plea plead please pleasure plus pm point police policy
political poor popular pose position positive possess possible post postpone potential pound power practical practice
practise practitioner precise prefer preliminary premise premises preparation prepare presence present preserve press
pressure prevent previous price primary principle print prior prioritise priority prison prisoner privacy private
proactive probable probation problem procedure proceed process produce product profession professional profile
programme progress project prominent promise promote prompt proof proper property proportion proportionate proposal
propose prosecute protect protective prove proven provide provision provisional public publish pull punish purpose
pursue push put qualify quality quarter question quick quiet quite quote race raise ran range rape rapid rare rate
rather rating ratio reach react read ready real realise really rear reason reasonable reassure recall receive recent
reckless recognise recommend recommendation reconvene record recover rectify red redact reduce reduction refer
referral reflect reflective reform refresh refuse regard regardless region regional register regret regular regulate
rehabilitate reject relapse relate relation relationship relative release relevant reliable relief rely remain remand
remark remedy remember remind remorse remote removal remove rendition repeat replace reply report represent
representative request require requirement reschedule research reserve reside residence residential resist resolve
resource respect respond response responsible rest restore restrict restriction result retain retrospect return reveal
review reviewer revise revisit revoke right rigorous rise risk road robust role room root rosh roster rota rotate
rough round route routine rule run rush sad safe safeguard safety said same sample sanction sat satisfy saturday save
saw say scale scene schedule scheme school scope screen script scrutiny search season seat second secret secretary
section secure security see seek seem seen segment select self send senior sense sensitive sent sentence separate
september sequence series serious serve service session set setting settle seven seventeen several severe sex sexual
sfo shall shape share she shift shock short shortage shortfall shortly should show shown shut sibling sick side sight
sign signal significant signpost silence silent similar simple since sincere single sir sister sit site situation six
sixteen sixty size skill skip sleep slight slip slot slow small so sober social society soft sold sole solely solve
some somebody somehow someone something sometime sometimes somewhat somewhere son soon sorry sort sought sound source
south space speak special specialist specific specify speed spend spent spoc spoke spoken spouse spreadsheet stabilise
stable staff stage stand standalone standard stands start state statement static station statistic status statute
statutory stay steady step still stood stop stored story straight strange stranger strategy street strength strengthen
stress strict strike strong structure struggle student study style subject submit subsequent substance substantial
success such sudden suffer sufficient suggest suggestion suit suitable summarise summary summer sunday superior
supervise supervision supervisor supply support suppose sure surface surround survivor suspect suspend suspicion
suspicious sustain swift switch sworn sympathy symptom system table take taken talk target task taught teach team
telephone tell template ten tenancy tend term test text than thank that the theft their them theme themselves then
theory there thereafter therefore these they thing think third thirteen thirty this thorough those though thought
thousand threat threaten three threshold through throughout thursday thus tick tie tier time timeline timely times
timescale tired title to today together told tone too took tool top topic torn total touch toward towards town track
trade tragic train transfer transition transparent transport trauma travel treat treatment trend trial trigger trouble
true trust try tuesday turn turnover twelve twenty twice two tying type typical ultimate unable unannounced
unavailable unclear under underestimate undergo underlie underline undermine underreport understand understood
undertake undertaken undertook unemployed unforeseen uniform union unit university unless unlikely unsettled unstable
unsure until unusual unwilling up update upon upper upset urge urgent us use useful usual utilise vacancy valid value
variable variety various vary verbal verify version versus very via victim video view violence violent virtual visible
visit visor vital vlo voice volume voluntary vulnerable wait walk wall want warn warning warrant was watch way we weak
wear website wednesday week weekend weekly weigh weight welcome welfare well went were west what whatever when
whenever where whereabouts whereas whereby wherever whether which while whilst who whoever whole whom whose why wide
wife will willing win wing winter wish with withdraw withdrawn within without witness woman women won wonder word
wording work worker workforce workload workshop world worn worry worse worst worth would wound write written wrong
wrote year yes yesterday yet you young your yourself youth zero
"""
# Words of three letters that stand in any text, beside those above: one that is none of these may be a name, an
# illness or a belief. No ending but a plural makes another word of them: beer is no bee, and Penning no pen.
_THREE_LETTERS = """
ace ad ads aid air apr arc arm art ate aug awe axe bag bat bay bee beg bet bid bin bus bye cab cap cat cjs com cop cot
cow cps crc crn cup dad dam dec den dhr dig dim doc dog dot dry dug ear egg ego era eve fan fat feb fee fig fly foi
fox fri fun fur gem gov gum gun gut guy ham hat hen hey hmi hmp hoc hop hot hub hug ice iii ink inn ipp jam jan jar
jaw jet jug jul jun kid lab lad lag lap leg lid lip lit mad map mar mat max mid mob mom mon mop mud mug mum nap net
nhs nil nod non nov nut oak oar oct odd oil oms omu ops org owe pad pan pdf pen pet pie pig pin pit pnc pod pop pot
pre pro pss pub qty rag raw ref rep rib rid rip rob rot row rub rug sar sea sep sew shy sin sip ski sky sly spo spy
sub sum sun tag tan tap tar tax tea thu thy tin tip toe ton toy tub tue tug ups van vat vow web wed wet wit www zip
zoo
"""
# A beginning before so short a word is not taken off: these are ordinary as they stand.
_BEGUN = """
inset mislaid misled overeat overlap overlay overpay override overrun redo relay remit renew repay rerun reset resit
reuse undercut underpay underway undid undo undue unmet
"""
# Built like an ordinary word with an ending or a beginning, and yet a belief, a trade, an illness, a habit or a tie.
_APART = """
actor actress aids believer bouncer broker builder dealer disabled disfigured disfigurement disorder disordered
drinker drunken fitter joiner lover mayor miscarried overweight pastor pastoral programmer reborn remission reporter
retired retirement settler stateless teacher trader transitioned transitioning traveller undertaker underweight waiter
writer
"""
_PLAIN = frozenset([*_WORDS.split(), *_BEGUN.split()]) | MONTHS
_SHORT, _TELLING = frozenset(_THREE_LETTERS.split()), frozenset(_APART.split())
_LISTED = _PLAIN | _SHORT
# Endings, with what may stand in their place in the word of the list.
_ENDINGS = (
    ("ies", "y"), ("ied", "y"), ("ier", "y"), ("ily", "y"), ("iness", "y"), ("s", ""), ("es", ""), ("es", "e"),
    ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"), ("er", ""), ("er", "e"), ("ers", ""), ("ers", "e"), ("or", ""),
    ("or", "e"), ("ors", ""), ("ors", "e"), ("ly", ""), ("ly", "le"), ("ally", ""), ("ment", ""), ("ments", ""),
    ("ness", ""), ("able", ""), ("able", "e"), ("ation", ""), ("ation", "e"), ("ations", ""), ("ations", "e"),
    ("ion", ""), ("ion", "e"), ("ions", ""), ("ions", "e"), ("ive", ""), ("ive", "e"), ("al", ""), ("ful", ""),
    ("fully", ""), ("less", ""), ("ity", ""), ("ity", "e"), ("ance", ""), ("ence", ""), ("ency", "ent"),
    ("ance", "ant"), ("ence", "ent"), ("ancy", "ant"),
)  # fmt: skip
_DOUBLED = re.compile(r"([bdglmnprt])\1(?:ed|ing|er)$")
_BEFORE = re.compile(r"^(?:under|un|re-?|non-?|inter|in|im|mis|dis|pre-?|over|multi-?|well-|self-)")
_SAID_SHORT = re.compile(r"(?:n't|'(?:s|d|m|ll|re|ve)?)$")  # isn't, he's, we'll, parents'
_SHORTEST = 3  # letters of a word that can tell anything by itself
_FIGURES = 4  # of a number that can
_STEM = 4  # letters behind a beginning: an imam is not I'm, and Overend is not the end
_YEAR = re.compile(r"(?:19|20)\d\d")


@lru_cache(maxsize=8192)
def is_plain(word: str) -> bool:
    """Whether this word, or this number, recovers nothing by itself; in any case, with the usual endings."""
    return _recovers_nothing(_bare(word))


def is_listed(word: str) -> bool:
    """Whether the word stands in the list as it is, whatever its case: no ending makes it one, as in Manning."""
    return _bare(word) in _LISTED


def _bare(word: str) -> str:
    return _SAID_SHORT.sub("", word.lower())


def _recovers_nothing(word: str) -> bool:
    if word.isdigit():
        return len(word) < _FIGURES or bool(_YEAR.fullmatch(word))
    if len(word) < _SHORTEST or word in _SHORT:
        return True
    if word in _TELLING or word.removesuffix("s") in _TELLING:
        return False
    if word.removesuffix("s") in _SHORT:
        return True
    stem = _BEFORE.sub("", word)
    return _has_listed_stem(word) or (len(stem) >= _STEM and _has_listed_stem(stem))


def _has_listed_stem(word: str) -> bool:
    if word in _PLAIN or _DOUBLED.sub(r"\1", word) in _PLAIN:
        return True
    stems = (word.removesuffix(ending) + instead for ending, instead in _ENDINGS if word.endswith(ending))
    return any(stem in _PLAIN or _once_more(stem) in _PLAIN for stem in stems if len(stem) > 2)


def _once_more(stem: str) -> str:
    """A stem may have an ending of its own: findings, supervisors, apparently."""
    for ending in ("ing", "ed", "er", "or", "ment", "ion", "al", "ly"):
        if stem.endswith(ending) and len(stem) > len(ending) + 2:
            return stem.removesuffix(ending)
    return stem
