"""The typed match: whether an answer says what a claim says, and why.

    typed              the verdict on an answer and a wording, with its level and its rule
    claims             the claim of a fact that an answer makes
    places             the place of an answer in the article
    quantities         numbers with their bound, unit and noun
    dates              dates, as precise as the text gives them
    person_names       names of persons
    entities           names of places and organizations
    spelling           folding, negation, occurrences of one text in another
    frames             words that may surround an answer without changing it
    normal_form        the form in which SQuAD's rules compare answers
    answer_types       the type of value that a question asks for
    numerals           numbers in digits and words
    units              units, currencies, bounds and rough quantities
    nouns              the noun that a number counts
    quantity_verdicts  comparing quantities
    verdicts           the verdict of a typed rule on two texts
    versions           the version of the reading of answers in words
    answer_reading     the claims that an answer in words asserts, rejects and withholds
    running_text       words, sentences and stems of a text, with their places
    sought_claims      the words that tell claims apart
    mentions           the places where a text mentions a claim
    value_mentions     the quantities and dates of a text, with the claims they belong to
    date_phrases       the dates of a text
    rejections         the mentions that are denied, replaced or background
    polarity           answers of yes or no
    refusals           the words for "no answer"
    source_differences  the words for "the sources differ"
    thesaurus          words that people use for each other
    answer_sources     the source that a text names for a claim

All functions are pure functions on strings. `docs/reference/match.md` states the rules of the typed match.
`docs/reference/free-text.md` states those of `read_answer`.
"""
