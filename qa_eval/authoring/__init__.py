"""Question sets: how they are checked, extended and compared.

check             findings and counts as text, JSON or annotations
claims_check      the same for a file of facts with their own passages
article_files     adds articles to a collection
drafts            from answers as text to a question with its evidence
question_files    question files, checked before they are written
canonical_lines   the canonical form of a question line
probe             a model's answers to a question, grouped into draft claims
statistics        counts of what a set holds
impact/           the effect of a change of the questions on every number
agreement/        how far two annotators agree
new_collection/   a new collection from a template
"""
