"""How things are named and written (§1.3, §2.2 to §2.4, §3.2, §3.3, §7.2, §9.2). Pure, standard library only.

The command line ships this very package: `clients/python/src/cybercube/conventions` is a link to it, so it imports itself relatively and
keeps to Python 3.9.
"""
