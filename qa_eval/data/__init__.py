"""Reading data: collections of articles and questions, public data sets, and files of answers.

corpus            reads a collection and raises an error unless all of it is valid
corpus_files      question files and article folders, with the file and line of each record
corpus_schema     the fields of a question line and of an article line
validation        from a JSON object to a validated line, with a sentence about each problem
locations         where the curated questions and articles are
checks/           every check of a collection
items             the items of a collection, and the instances that a model sees
dataset           a public data set, streamed from its file
dataset_files     opening a data set's file, and recognizing what it holds
dataset_options   options of reading a data set, and places inside one
formats/          the file formats of public data sets, one file each
examples, golds   questions of a public data set and their answers
kept_examples     examples in memory, so that a data set is read once
given_golds       golds in memory as a data set
claim_sets        a data set of facts with their own passages, streamed from its file
claims_schema     the fields of a line of such a file
passage_facts     from such a line to a fact: what it says, what is left out
published_sets    known data sets, and the rules by which each is scored
answers/          files of answers that other tools write
content_hashes    hashes of questions, articles and items
article_labels    short names of articles for people
"""
