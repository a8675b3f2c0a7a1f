"""Kill and lie at random for as long as one likes, then reconcile every row and every tick: `make chaos`.

scene     what runs: the site, the provider, PostgreSQL and Redis where asked for
people    what people do meanwhile: upload, start, cancel, retry, finish early, runbatch
money     what they do about caps and budgets
eyes      what they only look at
killing   kill -9 of whatever runs
restores  a database put back to an earlier moment
lying     faults of the network, the provider, the account and the database
books     the reconciliation against the provider's ledger
"""
