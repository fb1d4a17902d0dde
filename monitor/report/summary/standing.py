"""How a provider's models stand, in numbers that add up."""

from monitor.core.summary.values import ProviderSummary


def standing_words(part: ProviderSummary) -> str:
    """`66 available, 8 down, 9 never answered, 3 unclear of 86`: each model counts once."""
    now = part.standing
    numbers = {
        "down": now.down,
        "never answered": now.never_answered,
        "unclear": now.unclear,
        "retired but listed": now.retired,
    }
    if not now.total:
        return "nothing is known of its models"
    sorts = [
        f"{now.available:,} available",
        *(f"{number:,} {words}" for words, number in numbers.items() if number),
    ]
    return f"{', '.join(sorts)} of {now.total:,}"
