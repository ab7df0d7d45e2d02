"""Words, names and places in every form: inflection, adjectives, romanisation, terms."""
