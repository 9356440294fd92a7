"""Reasons and methods: the words of the cards that are printed, stated in both languages, said in one."""

from coldscan import words
from coldtrace.codes.command import VALUES, Card, Command
from coldtrace.errors import Lang, Words

UNKNOWN: dict[Command, Words] = {Command.REASON: words.UNKNOWN_REASON, Command.METHOD: words.UNKNOWN_METHOD}


def is_known(card: Card) -> bool:
    """Tell whether the word of a card is one that we print; a witness has a code of his own."""
    return card.command not in VALUES or card.value in VALUES[card.command]


def say_known(command: Command, lang: Lang) -> str:
    """Return the words of a kind of cards, one behind the other."""
    return ("、" if lang == "zh" else ", ").join(each.say(lang) for each in VALUES[command].values())


def both(said: Words) -> str:
    """Return what is stated: people of both languages read it; the code of a witness is the same in both."""
    return said.zh if said.zh == said.en else f"{said.zh} {said.en}"


def say_stated(stated: str, lang: Lang) -> str:
    """Return a stated reason or method in one language."""
    known = (each for values in VALUES.values() for each in values.values())
    return next((each.say(lang) for each in known if both(each) == stated), stated)
