"""Writes the data of examples/support-tickets and examples/orders: `python examples/make_datasets.py`.

The sentences, names and goods are invented. The same version of this file writes the same data.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent

# The last three sentences of each label are asked in the evaluation only, so that no answer can be remembered.
TICKETS = {
    "billing": (
        "You charged my card twice for the {item}.",
        "The invoice for the {item} shows a higher amount than the price that I agreed to.",
        "I was billed {money} although I cancelled my subscription last month.",
        "My invoice of {day} has the wrong VAT number, and our accountants reject it.",
        "There is a fee of {money} on my statement that nobody told me about.",
        "Can I pay the invoice for the {item} in two instalments?",
        "The discount code for the {item} was not taken off the bill.",
        "My payment of {money} was declined, but the bank says that the card is fine.",
        "Please send me a copy of the invoice for the {item}; I need it for my taxes.",
        "I paid the {item} by transfer on {day}, and your reminder says the payment is missing.",
        "The currency on my bill is wrong: I am charged in dollars, not in euros.",
        "Why did the price of my monthly plan rise to {money} without notice?",
        "The bill for the {item} has an extra charge of {money} that I do not recognise.",
        "I need a corrected invoice, because the company name on it is not ours.",
        "My credit card was charged {money} on {day}, and I did not buy anything.",
    ),
    "delivery": (
        "My parcel with the {item} has not arrived, and it was due on {day}.",
        "The tracking page has shown the same place since {day}.",
        "The courier left the {item} at a house that I do not know.",
        "Can you ship the {item} to my office instead of my home?",
        "The driver says that nobody was at home on {day}, but I waited all day.",
        "How long does shipping of the {item} to Norway take?",
        "Half of my shipment is missing: the {item} was not in the parcel.",
        "The parcel arrived on {day} with a torn box, and the courier did not wait.",
        "I chose express shipping for the {item}, and it is still in your warehouse.",
        "Please hold the shipment of the {item} until {day}, because we are away.",
        "The tracking number for the {item} does not work on the courier's page.",
        "My parcel was sent back to you, because the street in the address was wrong.",
        "When will the courier bring the {item}? The tracking page only says 'on its way'.",
        "The shipment should have come on {day}, and there is no parcel at my door.",
        "Can the driver ring my neighbour if the parcel comes while I am out?",
    ),
    "returns": (
        "I want to send the {item} back, because it is too small.",
        "How do I return the {item}? I have changed my mind.",
        "Where is the return label for the {item}?",
        "I returned the {item} on {day}, and I have no refund yet.",
        "Can I exchange the {item} for another colour?",
        "The return period ends on {day}. May I send the {item} back after that?",
        "You refunded {money}, but I sent back two things and not one.",
        "The shop did not accept the {item} that I wanted to return.",
        "I opened the box of the {item}. Can I still return it for a refund?",
        "I would like my money back for the {item}, which I no longer need.",
        "Your return form asks for a number that is not on my papers.",
        "Who pays the postage when I return the {item}?",
        "I no longer want the {item} and would like to return it for a refund.",
        "My refund for the returned {item} is {money} too low.",
        "Can I exchange the {item} for a larger size instead of sending it back?",
    ),
    "account": (
        "I forgot my password, and the email to reset it never comes.",
        "Please change the email address of my account; the old one is closed.",
        "My account has been locked since {day} after too many attempts to log in.",
        "How do I delete my account and all my personal data?",
        "I have two accounts with the same name. Can you merge them?",
        "The code for signing in does not reach my new phone number.",
        "Somebody else logged in to my account on {day}.",
        "I cannot change my user name in the profile.",
        "Please remove my former colleague from our company's account.",
        "My profile shows a wrong date of birth, and I cannot edit it.",
        "I want to stop the newsletter that comes to my account's address.",
        "How do I turn on two-step verification for my login?",
        "I cannot log in: my password is not accepted since {day}.",
        "Please delete my user account and the data in my profile.",
        "The link to reset my password says that it has expired.",
    ),
    "product": (
        "Is the {item} made of real wood?",
        "Which size of the {item} fits a person of 1.80 m?",
        "Does the {item} come with batteries?",
        "When will the {item} be in stock again?",
        "What is the difference between the {item} and the cheaper model?",
        "Is the {item} safe for small children?",
        "How heavy is the {item}, and how wide is it?",
        "Do you have the {item} in green?",
        "Can the {item} be used outdoors in the rain?",
        "Is there a spare part for the handle of the {item}?",
        "How many years of guarantee does the {item} have?",
        "Which cleaner may I use for the surface of the {item}?",
        "Is the {item} available in a larger model, and how heavy is that one?",
        "What material is the {item} made of?",
        "Do you have the {item} in stock in blue?",
    ),
    "technical": (
        "The app crashes when I open the page of the {item}.",
        "Your website shows error 500 when I press the button.",
        "The {item} does not switch on after the last update.",
        "The search on your site finds nothing since {day}.",
        "The {item} does not connect to my wireless network.",
        "The pictures in the app do not load on my phone.",
        "After the update of {day} the screen of the {item} stays black.",
        "Your page is so slow that my browser gives up.",
        "The {item} beeps three times, and the red light blinks.",
        "The download of the manual stops at 20 percent with an error.",
        "The app asks for an update, and the update fails each time.",
        "The software of the {item} freezes when I press the menu button.",
        "The app freezes and shows an error since the update of {day}.",
        "The {item} does not start: the screen stays black and a light blinks.",
        "Your website shows an error when I load the page in my browser.",
    ),
}
ITEMS = (
    "desk lamp", "coffee machine", "office chair", "rain jacket", "headphones", "kitchen scale", "water bottle",
    "phone case", "book shelf", "alarm clock", "backpack", "garden table", "electric kettle", "wool blanket",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "3 March", "17 April", "the 9th", "29 May")
MONEY = ("12 euros", "49.90", "8.50 euros", "120 dollars", "35 pounds", "19.99")
OPENINGS = ("", "Hello, ", "Dear support team, ", "Hi there. ", "Good morning. ", "I need help. ", "A quick question: ")
CLOSINGS = ("", " Thank you.", " Please answer soon.", " Best regards", " What can I do?", " My number is {number}.")
HELD_OUT = 3
COPIES = 4

NAMES = (
    "Marta Silva", "Jonas Berg", "Aisha Khan", "Peter Novak", "Lena Fischer", "Hugo Martin", "Sara Lindqvist",
    "Tom Baker", "Ines Costa", "Milan Horvat", "Emma Jansen", "Omar Haddad", "Nora Olsen", "Luca Rossi",
)  # fmt: skip
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
ORDERS = (
    "Order {order} of {day} for {customer}: {items}. Total: {total} EUR.",
    "{customer} ordered {items} on {day}. The order number is {order}, and the total is {total} EUR.",
    "On {day} we received order {order} from {customer} for {items}, {total} EUR in all.",
    "Please confirm: {items} for {customer}, {total} EUR, order {order}, placed on {day}.",
    "New order {order}. Customer: {customer}. Date: {day}. Goods: {items}. Amount: {total} EUR.",
    "We thank {customer} for order {order} of {day}: {items}, altogether {total} EUR.",
)
TRAINING_ORDERS, EVALUATION_ORDERS = 240, 30


def tickets() -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Training and evaluation records, in a mixed order."""
    choose = random.Random(6)  # noqa: S311 - no secret
    training: list[dict[str, str]] = []
    evaluation: list[dict[str, str]] = []
    for label, sentences in TICKETS.items():
        for at, sentence in enumerate(sentences):
            held_out = at >= len(sentences) - HELD_OUT
            for copy in range(3 if held_out else COPIES):
                text = _ticket(sentence, choose, copy)
                (evaluation if held_out else training).append({"text": text, "label": label})
    choose.shuffle(training)
    choose.shuffle(evaluation)
    return training, evaluation


def _ticket(sentence: str, choose: random.Random, copy: int) -> str:
    # Each copy of a sentence has another opening and closing, and mostly other goods.
    opening, closing = OPENINGS[copy::COPIES], CLOSINGS[copy::COPIES]
    whole = choose.choice(opening) + sentence + choose.choice(closing)
    # Each sentence takes the values that it has a place for.
    values = {"item": ITEMS, "day": DAYS, "money": MONEY, "number": range(100, 1000)}
    return whole.format(**{name: choose.choice(options) for name, options in values.items()})


def orders() -> Iterator[dict[str, str]]:
    """Records without end."""
    choose = random.Random(2)  # noqa: S311 - no secret
    number = 1000
    while True:
        number += choose.randrange(1, 9)
        day, month = choose.randrange(1, 29), choose.randrange(12)
        goods = choose.sample(ITEMS, choose.randrange(1, 4))
        total = choose.randrange(900, 40_000) / 100
        facts = {"order": f"{choose.choice('ABCD')}-{number}", "customer": choose.choice(NAMES)}
        text = choose.choice(ORDERS).format(
            **facts, day=f"{day} {MONTHS[month]} 2026", total=f"{total:.2f}", items=_listed(goods)
        )
        answer = facts | {"date": f"2026-{month + 1:02}-{day:02}", "total": total, "items": goods}
        yield {"text": text, "answer": json.dumps(answer)}


def _listed(goods: list[str]) -> str:
    return goods[0] if len(goods) == 1 else f"{', '.join(goods[:-1])} and {goods[-1]}"


def _write(folder: str, name: str, records: list[dict[str, str]]) -> None:
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
    (HERE / folder / name).write_text("".join(lines), "utf-8")


def main() -> None:
    """Writes the files."""
    training, evaluation = tickets()
    _write("support-tickets", "training.jsonl", training)
    _write("support-tickets", "evaluation.jsonl", evaluation)
    made = orders()
    _write("orders", "training.jsonl", [next(made) for _ in range(TRAINING_ORDERS)])
    _write("orders", "evaluation.jsonl", [next(made) for _ in range(EVALUATION_ORDERS)])


if __name__ == "__main__":
    main()
