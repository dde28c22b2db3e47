"""The typed match: whether an answer says what a claim says, and why.

    typed              the verdict on an answer and a wording, with its level and its rule
    claims             which claim of a fact an answer makes
    places             where in the article an answer is
    quantities         numbers with their bound, unit and noun
    dates              dates, as precisely as they are given
    person_names       names of persons
    entities           names of places and organizations
    spelling           folding, negation, occurrences of one text in another
    frames             words that may surround an answer without changing it
    normal_form        the form in which SQuAD's rules compare answers
    answer_types       the type of value that a question asks for
    numerals           numbers as they are spelled
    units              units, currencies, bounds and rough quantities
    nouns              what a number counts
    quantity_verdicts  comparing quantities
    verdicts           how a typed rule judged two texts
    answer_reading     what an answer in words asserts, rejects and withholds
    running_text       words, sentences and stems of a text, with their places
    sought_claims      claims in the words that tell them apart, as they are looked for
    mentions           where a text mentions a claim
    value_mentions     where a text gives quantities and dates, and of which claim
    date_phrases       where a text gives dates
    rejections         which mentions are denied, replaced or background
    polarity           answers of yes or no
    refusals           how a text says that there is no answer, and that sources differ
    answer_sources     which source a text names for which claim

Pure functions on strings. `docs/match.md` states the rules of the typed match, `docs/free-text.md` those of
`read_answer`.
"""
