"""Lengths of the narrator's chains in tokens, by detail: median, 95th percentile and longest.

python -m perf.chain_tokens SET --tokenizer FOLDER     # SET as `codereasoner build` leaves it
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tokenizers import Tokenizer

from codereasoner.chains.input_search import searches
from codereasoner.chains.narrator import DETAILS, narrate
from codereasoner.ledger import read_records
from codereasoner.records import Run
from codereasoner.task import Question

LIMIT = 8_000  # characters, the default of `--max-characters`


def main() -> None:
    """Print a row for each detail, folded at the default limit and not folded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path, help="Folder with questions.jsonl and runs.parquet.")
    parser.add_argument("--tokenizer", type=Path, required=True, help="Folder with tokenizer.json.")
    options = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(options.tokenizer / "tokenizer.json"))
    runs = {run.id: run for run in read_records(options.set / "runs.parquet", Run)}
    questions = [each for each in read_records(options.set / "questions.jsonl", Question) if not searches(each)]
    print("| detail | chains | median | 95 % | longest | longest without folding |")
    print("| --- | --- | --- | --- | --- | --- |")
    for detail in DETAILS:
        lengths = [
            sorted(len(tokenizer.encode(narrate(each, runs[each.run], detail, limit).text).ids) for each in questions)
            for limit in (LIMIT, 0)
        ]
        last = len(questions) - 1
        folded = [lengths[0][place] for place in (last // 2, last * 95 // 100, last)]
        numbers = " | ".join(f"{number:,}" for number in (last + 1, *folded, lengths[1][-1]))
        print(f"| `{detail}` | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
