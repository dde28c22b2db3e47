"""What an answer in words is read as: claims, rejections, refusals, sources."""

from __future__ import annotations

import pytest

from qa_eval.matching.answer_reading import LONGEST, AnswerReading, read_answer
from qa_eval.records import AnswerType, Claim, Question


def asked(question: str, answer_type: AnswerType, claims: dict[str, list[str]]) -> Question:
    made = tuple(Claim(id=id, evidence=(), aliases=tuple(wordings)) for id, wordings in claims.items())
    return Question(id="q", question=question, category="", answer_type=answer_type, claims=made)


LOSSES = asked(
    "How many sailors drowned when the ferry sank?",
    "number",
    {"over-90": ["over 90"], "90": ["90", "90 sailors"], "94": ["94"]},
)
OPENED = asked("When was the bridge opened?", "date", {"may": ["3 May 1931"], "june": ["June 1931"]})
MAYOR = asked("Who was the mayor?", "person", {"anna": ["Anna Berg"], "karl": ["Karl Berg"]})
HARBOUR = asked(
    "What was the state of the harbour after the storm?",
    "text",
    {"usable": ["in usable condition", "usable"], "ruined": ["largely ruined"]},
)
ALIVE = asked("Did the captain survive the fire?", "text", {"yes": ["Yes"], "no": ["No"]})
AID = asked("Which country sent aid?", "place", {"norway": ["Norway", "Norwegian"]})

ASSERTED = [
    (LOSSES, "90", {"90"}),
    (LOSSES, "Ninety sailors drowned.", {"90"}),
    (LOSSES, "More than ninety sailors drowned, the harbour master said.", {"over-90"}),
    (LOSSES, "At least 90.", {"over-90"}),
    (LOSSES, "It was 94, not 90.", {"94"}),
    (LOSSES, "Not 90 but 94 sailors drowned.", {"94"}),
    (LOSSES, "Early reports had 90, but the final count was 94.", {"94"}),
    (LOSSES, "The figure of 90 is wrong; 94 drowned.", {"94"}),
    (LOSSES, "One paper says 90, another 94. I would therefore answer: **94**.", {"94"}),
    (LOSSES, "Although one source has 90, the best answer is 94.", {"94"}),
    (LOSSES, "- 90 [1]\n- 94 [2]", {"90", "94"}),
    (LOSSES, "Between 90 and 94 sailors drowned.", set()),
    (LOSSES, "Did 90 sailors drown? The text does not say.", set()),
    (LOSSES, "It is either 90 or not.", set()),
    (LOSSES, "The ferry had 90 tonnes of coal.", set()),
    (OPENED, "It opened on May 3rd, 1931.", {"may"}),
    (OPENED, "Some sources give 3 May 1931, others June 1931.", {"may", "june"}),
    (OPENED, "The bridge was opened in the year 1931, in the month of June.", {"june"}),
    (OPENED, "It was opened in 1940.", set()),
    (MAYOR, "The mayor was Anna Berg.", {"anna"}),
    (MAYOR, "Anna (or Karl) Berg.", {"anna", "karl"}),
    (MAYOR, "Karl Berg, not Anna.", {"karl"}),
    (MAYOR, "Ana Berg", {"anna"}),
    (HARBOUR, "The harbour was usable again.", {"usable"}),
    (HARBOUR, "It was not largely ruined: it was in usable condition.", {"usable"}),
    (HARBOUR, "Not usable at all.", set()),
    (ALIVE, "Yes.", {"yes"}),
    (ALIVE, "The captain did not survive the fire.", {"no"}),
    (ALIVE, "In the first article, yes. However, the captain did not survive the fire in the other.",
     {"yes", "no"}),
    (ALIVE, "The sources contradict each other on whether the captain survived the fire.", {"yes", "no"}),
    (AID, "Norwegian ships brought food.", {"norway"}),
]  # fmt: skip


@pytest.mark.parametrize(("question", "text", "expected"), ASSERTED)
def test_the_claims_that_a_text_asserts(question: Question, text: str, expected: set[str]) -> None:
    reading = read_answer(text, question)
    assert set(reading.claims) == expected
    for part in (*reading.asserted, *reading.rejected):
        assert part.rule
        assert 0 <= part.start < part.end <= len(text)


VERDICTS = [
    (LOSSES, "Over 90, 90 or 94, depending on the source.", "complete"),
    (LOSSES, "90", "partial"),
    (LOSSES, "90 or perhaps 120 sailors drowned.", "mixed"),
    (LOSSES, "120 sailors drowned.", "wrong"),
    (LOSSES, "The passage gives no figure.", "abstains"),
    (LOSSES, "90 sailors drowned, while the coast guard lost 12 boats.", "partial"),
    (AID, "Norway and Denmark.", "mixed"),
    (AID, "Norway, not Denmark.", "complete"),
    (AID, "", "abstains"),
    (AID, "…", "abstains"),
]


@pytest.mark.parametrize(("question", "text", "verdict"), VERDICTS)
def test_the_verdict(question: Question, text: str, verdict: str) -> None:
    assert read_answer(text, question).verdict == verdict


REFUSALS = [
    "The article does not say.",
    "I cannot answer this from the text.",
    "There is no information about it.",
    "Not stated.",
    "Unknown.",
    "The source is silent on this.",
    "None of the passages mentions it.",
    "This cannot be determined from the report.",
    "N/A",
    "That is not something the article discusses.",
]


@pytest.mark.parametrize("text", REFUSALS)
@pytest.mark.parametrize(
    "question", [LOSSES, OPENED, MAYOR, HARBOUR], ids=["number", "date", "person", "text"]
)
def test_refusals_in_words(question: Question, text: str) -> None:
    reading = read_answer(text, question)
    assert reading.abstains is not None
    assert (reading.asserted, reading.other_values, reading.verdict) == ((), (), "abstains")


@pytest.mark.parametrize(
    "text", ["94, though the text does not say who counted.", "It seems to be 94, but this is unclear."]
)
def test_a_refusal_of_one_part_beside_an_answer_is_an_answer(text: str) -> None:
    assert read_answer(text, LOSSES).claims == ("94",)


def test_a_claim_in_the_words_of_a_refusal_is_a_claim() -> None:
    question = asked(
        "How many were on board?", "text", {"unclear": ["not clear", "it is not clear how many"]}
    )
    assert read_answer("It is unclear how many were on board.", question).claims == ("unclear",)
    assert read_answer("The article does not say.", question).verdict == "abstains"


ACKNOWLEDGED = [
    ("The sources differ: 90 or 94.", True),
    ("[1] says 90, [2] says 94.", True),
    ("One report has 90, another 94.", True),
    ("The Daily Post reports 90, the Morning Herald 94.", True),
    ("It is impossible to tell which is right, 90 or 94.", True),
    ("The two counts, 90 and 94, are hard to reconcile.", True),
    ("The texts give different tolls.", True),
    ("The two counts, 90 and 94, don't quite tally.", True),
    ("Bloom calls it 90, The Daily Post a toll of 94.", True),
    ('It is "90" in Ada Bloom’s article and "94" in the third article.', True),
    ("The Morning Herald, writing later, gives 94, the Wire 90.", True),
    ("90 [1]; 94 [2].", True),
    ("90 sailors drowned [1], and according to [2] it was 94.", True),
    ("[1] and [3] count 90, [2] only 94.", True),
    ("90 or 94.", False),
    ("94 sailors drowned.", False),
    ("In the conflict 94 sailors drowned.", False),
]


@pytest.mark.parametrize(("text", "expected"), ACKNOWLEDGED)
def test_saying_that_sources_differ(text: str, expected: bool) -> None:
    assert (read_answer(text, LOSSES).acknowledges is not None) == expected


SOURCES = [
    ("90 [2].", [("90", "[2]", 1)]),
    ("According to the second article, 94 drowned.", [("94", "the second article", 1)]),
    ("The Daily Post says 90; article 3 has 94.", [("90", "The Daily Post", 0), ("94", "article 3", 2)]),
    ("The article says 90.", []),
    ("90 drowned [1], and according to [2] it was 94.", [("90", "[1]", 0), ("94", "[2]", 1)]),
    ("90 drowned [1], [3]. It was a storm.", [("90", "[1]", 0), ("90", "[3]", 2)]),
]


@pytest.mark.parametrize(("text", "expected"), SOURCES)
def test_which_source_is_named_for_which_claim(
    text: str, expected: list[tuple[str, str, int | None]]
) -> None:
    found = read_answer(text, LOSSES, ["The Daily Post", "Wire", "Herald"]).attributions
    assert [(one.claim, one.source, one.passage) for one in found] == expected


HOSTILE = {
    "nothing": "",
    "blanks": " \n\t ",
    "a megabyte": "ninety " * 150_000,
    "one repeated number": "90 " * 20_000,
    "brackets": "(" * 5_000 + "90",
    "markup": "<p>90</p>" * 2_000,
    "control characters": "\x00\x07 90 \x1b[0m",
    "a lone surrogate": "90 \ud800 drowned",
    "other scripts": "九十名水手溺水。Девяносто моряков.",
    "combining marks": "e\u0301" * 5_000 + " 90",
    "a range without an end": "90-",
    "a huge number": "9" * 5_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(
    "question", [LOSSES, OPENED, MAYOR, HARBOUR, ALIVE], ids=["number", "date", "person", "text", "yes or no"]
)
def test_any_text_is_read(question: Question, text: str) -> None:
    reading = read_answer(text, question)
    assert isinstance(reading, AnswerReading)
    assert reading == read_answer(text, question)
    assert all(part.end <= max(LONGEST, 1) for part in reading.asserted)


def test_a_long_text_about_other_things_is_no_answer() -> None:
    passage = " ".join(f"On day {n} the wind turned and the crew mended sails." for n in range(30))
    assert read_answer(f"{passage} 94 sailors drowned when the ferry sank.", LOSSES).verdict == "wrong"


def test_a_fact_with_fifty_claims_and_wordings_in_each_other() -> None:
    claims = {f"c{n}": [f"the {'old ' * n}town", f"town {n}"] for n in range(1, 51)}
    question = asked("What burned?", "text", claims)
    assert isinstance(read_answer("the old town burned", question), AnswerReading)
    numbers = asked("How many?", "number", {f"n{n}": [str(n)] for n in range(10, 60)})
    assert set(read_answer("It was 17, 23 or 59.", numbers).claims) == {"n17", "n23", "n59"}


GENERAL = [
    ("text", {"x": ["rubble and smashed statues"]}, "Rubble and broken statues.", {"x"}),
    ("text", {"x": ["government troops and allied soldiers"]}, "Allied soldiers.", set()),
    (
        "text",
        {"x": ["former head of antiquities"], "y": ["the director"]},
        "He had been head of antiquities.",
        {"x"},
    ),
    ("text", {"x": ["Russian air strikes"]}, "Help came by American air strikes and Turkish guns.", set()),
    ("text", {"x": ["these idols were idolatrous"]}, "They regarded it as idolatry.", {"x"}),
    ("text", {"x": ["the effectiveness of the strategy"]}, "That the strategy is effective.", {"x"}),
    ("text", {"x": ["win the favor of Western nations"]}, "To win the favour of the West.", {"x"}),
    ("place", {"x": ["the Turkish border"]}, "Up to the border with Turkey.", {"x"}),
    ("text", {"x": ["the port was opened"]}, "By then it had reopened.", {"x"}),
    ("person", {"x": ["Ada Marlow"], "y": ["Bob Quill"]}, "Marlow, not Quill.", {"x"}),
    ("person", {"x": ["Ada Benmarlow"]}, "Ada Ben-Marlow", {"x"}),
    ("person", {"x": ["Ada Benmarlow"]}, "Ada Ben Marlow", {"x"}),
    ("person", {"x": ["Assad"]}, "The sources differ on this, and contradict each other.", set()),
    ("number", {"x": ["180"], "y": ["400"]}, "180, as against 400 on the other side.", {"x"}),
    ("text", {"x": ["most", "most of the crew"], "y": ["the captain"]}, "The greater part of it.", {"x"}),
    (
        "text",
        {
            "x": ["the strength of the plan made by the town and its friends"],
            "y": ["the courage of the town and its friends"],
        },
        "In [1] and [3] it is the strength of the plan; in [2] the courage of the town and its friends.",
        {"x", "y"},
    ),
    ("person", {"x": ["Ada Marlow"]}, "It was said by President Marlow.", {"x"}),
    ("person", {"x": ["Ada Marlow"]}, "It was her sister, Eve Marlow.", set()),
    ("person", {"x": ["Bob al-Quill"]}, "It was al-Quill.", {"x"}),
    ("person", {"x": ["Bob al-Quill"]}, "It was Hal al-Quill.", set()),
    ("person", {"x": ["Ada Marlow"], "y": ["Eve Marlow"]}, "It was Marlow.", {"x", "y"}),
    ("person", {"x": ["Ada Marlow"], "y": ["Eve Marlow"]}, "It was Eve Marlow.", {"y"}),
    ("text", {"x": ["40 kilometers of sand"], "y": ["a vast plain"]}, "About 25 miles of it.", {"x"}),
    ("text", {"x": ["40 kilometers of sand"]}, "Some 30 miles of sand.", set()),
    ("number", {"x": ["33 feet"]}, "It is 10 m high.", {"x"}),
    ("number", {"x": ["three weeks"]}, "It is 20 days.", set()),
    ("place", {"x": ["the southwest"]}, "To the SW of it.", {"x"}),
    ("organization", {"x": ["IS fighters"], "y": ["the army"]}, "It is the army.", {"y"}),
    ("text", {"x": ["most houses"], "y": ["many houses"]}, "Many houses, but by no means most.", {"y"}),
    ("text", {"x": ["anti-whaling sailors"]}, "Sailors opposed to whaling.", {"x"}),
    ("number", {"x": ["2"], "y": ["5"]}, "It was 2, despite the earlier statement that gave 5.", {"x"}),
    *(
        ("text", {"x": [wording], "y": ["the Dutch"]}, text, {"x"})
        for wording in ("the Americans", "United States", "the U.S.", "USA")
        for text in (
            "US troops.",
            "It was the U.S. Navy.",
            "The United States.",
            "American ships.",
            "The USA.",
        )
    ),
    ("text", {"x": ["the Americans"]}, "They told us that the united teams of all states came.", set()),
    ("text", {"x": ["the United Kingdom"], "y": ["Wales"]}, "British ships.", {"x"}),
    ("place", {"x": ["Ashby, Norfolk, England"], "y": ["Ely"]}, "It is in Ashby.", {"x"}),
    ("place", {"x": ["Ashby, Norfolk, England"], "y": ["Ely"]}, "It is in Ashby, Norfolk.", {"x"}),
    ("place", {"x": ["Ashby, Norfolk, England"], "y": ["Ely"]}, "It is in Norfolk.", set()),
    ("place", {"x": ["Ashby, Norfolk"], "y": ["Ashby, Suffolk"]}, "It is Ashby in Suffolk.", {"y"}),
    ("organization", {"x": ["Keio Electric Railway"], "y": ["JR East"]}, "Keio.", {"x"}),
    ("organization", {"x": ["National Motors"], "y": ["Acme Inc."]}, "It is a national firm.", set()),
]


@pytest.mark.parametrize(("answer_type", "claims", "text", "expected"), GENERAL)
def test_other_forms_of_a_wording(
    answer_type: AnswerType, claims: dict[str, list[str]], text: str, expected: set[str]
) -> None:
    question = asked("What was it?", answer_type, claims)
    assert set(read_answer(text, question).claims) == expected


@pytest.mark.parametrize(
    "text",
    [
        "It does not give a figure.",
        "No location is given.",
        "None that the text mentions.",
        "Nobody says how many there were.",
        "No number of victims has been reported.",
        "I wasn't able to find a figure in the article.",
        "The passage makes no reference to sailors.",
        "This article quotes no survivors.",
        "The text tells of the storm; it names nobody who drowned.",
        "That goes beyond what this article covers.",
        "Drownings do not come up anywhere in the article.",
        "The toll isn't among the details given.",
        "The article only says that a storm came.",
        "Nothing definite can be said.",
        "The passage reports the storm but not the number of the dead.",
        "The article says what sank, not how many drowned.",
        "The article gives the month alone. How many drowned can't be worked out from that.",
        "How many there were is left unsaid.",
        "The author keeps quiet about the toll.",
        "The report passes over this point.",
        "I'd only be guessing, since the excerpt never brings the toll up.",
        "Whose count this rests on remains untold here.",
        "One would need another source for that.",
        'The snippet has no number; it\'s just "a great many".',
        "The text leaves us in the dark about the toll.",
        "You'd have to look that number up elsewhere.",
        "The text tells us that they drowned, not how many.",
        "Sorry, there's no toll in what I was given.",
        "As a careful assistant I shouldn't speculate about victims.",
        "It lists the ships and is about the storm alone: the article has nothing on the crew.",
    ],
)
def test_more_refusals(text: str) -> None:
    assert read_answer(text, LOSSES).verdict == "abstains"


@pytest.mark.parametrize(
    "text",
    [
        "According to the article, it was not the storm.",
        "The article says that the harbour never opened again.",
        "It was not a wreck but a barge.",
        "The mayor had no comment on the plans and left.",
        "They failed to hold the bridge.",
        "An unknown sailor.",
        "It was lost without a trace.",
        "The crew ignored the warnings.",
        "It was left open for visitors.",
        "It was by no means the largest.",
    ],
)
def test_a_denial_is_no_refusal(text: str) -> None:
    assert read_answer(text, HARBOUR).abstains is None


def test_an_explanation_behind_a_name_is_no_other_answer() -> None:
    assert (
        read_answer(
            "Ada Bloom, the mayor of the town.", asked("Who?", "person", {"a": ["Ada Bloom"]})
        ).verdict
        == "complete"
    )
    listed = read_answer("Norway, the Netherlands and Denmark.", asked("Which?", "place", {"n": ["Norway"]}))
    assert listed.verdict == "mixed"


def test_a_second_source_shows_that_sources_differ() -> None:
    for text in ("90 by one count, and a later count has 94.", "In one report 90 drowned, in another 94."):
        assert read_answer(text, LOSSES).acknowledges is not None, text
    assert read_answer("Another report says that 94 drowned.", LOSSES).acknowledges is None


APART = [
    ("90 versus 94: the figures do not line up.", True),
    ("Depending on which text you trust, 90 or 94.", True),
    ("Most of the pieces have 90, though the last one has 94.", True),
    ("The Wire: 90. The Herald: 94.", True),
    ("90, writes one journalist; 94, writes the next.", True),
    ("94 (not 90, whatever the harbour list claims).", True),
    ("Ada Bloom's text has 90; I'd go with 94 all the same.", True),
    ("By their own boast the owners lost 90 men; it was 94.", True),
    ("| outlet | toll |\n|---|---|\n| Wire | 90 |\n| Herald | 94 |", True),
    ("90 drowned at once, and with those who died later it was 94.", False),
    ("The toll was 90 by Sunday and 94 by Monday.", False),
    ("94 sailors of different crews drowned.", False),
    ("Not 90 but 94 drowned, as the article says.", False),
    ("90, maybe 94.", False),
]


@pytest.mark.parametrize(("text", "expected"), APART)
def test_values_that_are_told_apart_by_a_source_show_that_sources_differ(text: str, expected: bool) -> None:
    assert (read_answer(text, LOSSES).acknowledges is not None) == expected


def test_a_refusal_may_say_that_sources_differ() -> None:
    reading = read_answer("The passages contradict each other, so I cannot give a figure.", LOSSES)
    assert (reading.verdict, reading.acknowledges is not None) == ("abstains", True)


def test_a_second_source_of_a_fact_with_one_claim_tells_another_value() -> None:
    fire = asked("What set it off?", "text", {"bombs": ["car bombings"]})
    assert read_answer("Car bombings in one telling, mortar shells in a second.", fire).verdict == "mixed"
    assert read_answer("Car bombings.", fire).verdict == "complete"


PARAPHRASED = [
    ("text", {"x": ["control of the airport"]}, "They held the airfield.", {"x"}),
    ("text", {"x": ["the head of the museum"], "y": ["the leader"]}, "It was the chief.", set()),
    ("text", {"x": ["its geographical location"]}, "It was important for its geography and location.", {"x"}),
    ("text", {"x": ["rubble and smashed statues"]}, "They saw:\n- rubble\n- smashed statues", {"x"}),
    (
        "text",
        {"x": ["some of its famous houses"], "y": ["many houses"]},
        "[1] has many houses, while [2] has only some of the houses.",
        {"x", "y"},
    ),
    ("number", {"x": ["three sailors"]}, "A trio of sailors drowned.", {"x"}),
    ("duration", {"x": ["two years"]}, "It took two full years.", {"x"}),
    ("person", {"x": ["Paul Marlow"]}, "Nothing I could pull out of the text.", set()),
]


@pytest.mark.parametrize(("answer_type", "claims", "text", "expected"), PARAPHRASED)
def test_claims_in_other_words(
    answer_type: AnswerType, claims: dict[str, list[str]], text: str, expected: set[str]
) -> None:
    assert set(read_answer(text, asked("What was it?", answer_type, claims)).claims) == expected


def test_another_name_before_a_claim_is_another_answer() -> None:
    assert read_answer("Denmark and Norway.", AID).verdict == "mixed"
    assert read_answer("Norway, in Scandinavia.", AID).verdict == "complete"


def test_a_final_yes_or_no_decides() -> None:
    text = (
        "It is doubted at first that they survived. Therefore, the answer is: Yes, they did, despite doubts."
    )
    reading = read_answer(text, ALIVE)
    assert len(reading.claims) == 1
    assert reading.asserted[0].rule == "the final answer"


def test_a_name_that_the_question_seems_to_have_is_a_name() -> None:
    """ "Shae" and "Show" have the same consonants."""
    album = asked('Who recorded "Talk Show"?', "person", {"shae": ["Shae Jones"], "ada": ["Ada Marlow"]})
    assert read_answer("Shae Jones", album).claims == ("shae",)
    assert read_answer("Norah Jones", album).claims == ()


def test_what_seems_to_be_an_error_is_not_asserted() -> None:
    film = asked("Which language is spoken?", "text", {"x": ["Urdu-language"], "y": ["Punjabi-language"]})
    assert read_answer("Punjabi. (One site has Urdu, but that seems to be an error.)", film).claims == ("y",)


def test_a_year_is_no_other_number_of_people() -> None:
    town = asked("What is the population of Ashby?", "number", {"a": ["4,624"], "b": ["12,345"]})
    reading = read_answer("One page puts the town's 2010 population at 12,345, the other at 4,624.", town)
    assert (reading.verdict, set(reading.claims)) == ("complete", {"a", "b"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The text doesn't tell us what discipline she competes in.", False),
        ("There are competing accounts of it: 90 drowned, or 94.", True),
        ("It was 90 or 94; the reports aren't at one on that.", True),
    ],
)
def test_what_competes_and_what_is_not_at_one(text: str, expected: bool) -> None:
    assert (read_answer(text, LOSSES).acknowledges is not None) == expected


def test_a_word_like_before_tells_no_claim_by_itself() -> None:
    left = asked(
        "When did they leave?", "text", {"a": ["prior to losing the city"], "b": ["before the storm"]}
    )
    assert read_answer("They were taken away before it lost the city.", left).claims == ("a",)


def test_a_name_joined_to_a_claim_that_is_a_name_is_another_answer() -> None:
    built = asked("From which time are the walls?", "text", {"rome": ["Roman", "the Roman Empire"]})
    assert read_answer("From Greek and Roman times.", built).verdict == "mixed"
    assert read_answer("From Roman times.", built).verdict == "complete"


STAMP = asked("Is a mint stamp always hinged?", "yes-no", {"yes": ["Yes"], "no": ["No"]})
SHIP = asked("Was the Argo an armed merchant ship?", "yes-no", {"yes": ["Yes"], "no": ["No"]})


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        (
            STAMP,
            "Generally no: it is as printed. However, some are, so in those cases the answer is yes.",
            {"yes", "no"},
        ),
        (
            STAMP,
            "- One catalogue: a mint stamp is always hinged → yes\n- The other: it may not be → no",
            {"yes", "no"},
        ),
        (STAMP, "Strictly speaking, yes.", {"yes"}),
        (STAMP, "The page makes no statement on whether a mint stamp is always hinged.", set()),
        (STAMP, "There is nothing about a mint stamp being always hinged, so I can't confirm it.", set()),
        (
            STAMP,
            "The first list says that a mint stamp is always hinged, but the second describes loose ones.",
            {"yes", "no"},
        ),
        (STAMP, "A mint stamp is always hinged. By contrast, dealers sell loose ones.", {"yes", "no"}),
        (STAMP, "A mint stamp is always hinged, but the second catalogue does not say so.", {"yes"}),
        (STAMP, "The page doesn't say if a mint stamp is always hinged or not.", set()),
        (STAMP, "It is not specified whether a mint stamp is always hinged.", set()),
        (
            STAMP,
            "One report says that a mint stamp is always hinged. The other shows loose ones.",
            {"yes", "no"},
        ),
        (STAMP, "One report says that a mint stamp is always hinged. The other has the same.", {"yes"}),
        (
            STAMP,
            "One report says that a mint stamp is always hinged, but by that one they were not stamps.",
            {"yes"},
        ),
        (SHIP, "It carried guns, so it was a warship rather than a merchant.", {"no"}),
        (SHIP, "She was a merchant.", {"yes"}),
        (SHIP, "One page has her as a merchant ship and another as a yacht.", {"yes"}),
        (SHIP, "Nothing is said of ships.", set()),
    ],
)
def test_yes_and_no_in_other_words(question: Question, text: str, expected: set[str]) -> None:
    assert set(read_answer(text, question).claims) == expected


RULED = asked("How many years did the dynasty rule?", "number", {"long": ["138"], "short": ["115"]})
FINE = asked("How many shillings was he fined?", "number", {"a": ["200 shillings"], "b": ["400 shillings"]})
ALBUMS = asked("How many live albums did they release?", "number", {"a": ["two"], "b": ["One"]})


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        (RULED, "It ruled for 138 years (from 799 to 684 BC).", {"long"}),
        (RULED, "115 or 138 years", {"long", "short"}),
        (FINE, "400", {"b"}),
        (FINE, "He had to pay 200.", {"a"}),
        (ALBUMS, "They released one or two live albums.", {"a", "b"}),
        (ALBUMS, "One of them is lost.", set()),
    ],
)
def test_a_count_with_and_without_what_the_question_asks_for(
    question: Question, text: str, expected: set[str]
) -> None:
    assert set(read_answer(text, question).claims) == expected


def test_a_name_in_the_question_is_not_the_claim_in_it() -> None:
    animal = asked("What kind of animal is Scout Skunk?", "text", {"skunk": ["skunk"], "badger": ["badger"]})
    assert read_answer("Scout Skunk is a 34-year-old badger.", animal).claims == ("badger",)
    assert read_answer("Scout is a skunk.", animal).claims == ("skunk",)


def test_one_source_and_the_other_refuse_nothing() -> None:
    reading = read_answer(
        "They are usable according to one source and ruined according to the other.", HARBOUR
    )
    assert reading.abstains is None
    assert read_answer("Dublin and Antrim contested the final.", HARBOUR).acknowledges is None
