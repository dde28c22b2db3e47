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

Pure functions on strings. `docs/reference/match.md` states the rules.
"""
