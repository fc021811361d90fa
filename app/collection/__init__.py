"""Collection (收集): what was received from whom, handed on and given back; papers of it, mail taken apart."""
