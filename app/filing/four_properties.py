"""The four-property test (四性检测) at filing: all items of DA/T 70-2018's phase GD, in their order (pure).

Source: domain/rules.md 3.4, numbers with their gaps as there. Each item passes, fails, or says why it can't be tested.
"""

from app.filing import authenticity, usability, wholeness
from app.filing.check_model import Facts
from app.filing.check_rules import FilingCheckRules
from app.filing.check_schemas import PropertyItem

ITEMS = (*authenticity.ITEMS, *wholeness.ITEMS, *usability.ITEMS)


def four_properties(facts: Facts, rules: FilingCheckRules) -> list[PropertyItem]:
    """Test a dossier whose stored files were looked at."""
    return [item.tested(facts, rules) for item in ITEMS]
