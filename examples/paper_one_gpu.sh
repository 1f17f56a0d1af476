#!/usr/bin/env bash
# The paper's recipe (arXiv:2507.17548) on one GPU of 80 GB, from an empty folder to its table.
# Each command continues where it was killed, so the script can be started again. See docs/reproduce-paper.md.
set -euo pipefail
MODEL=${MODEL:-Qwen/Qwen2.5-Coder-7B-Instruct}

# 1. Data: about 17,000 questions for instruction tuning and 19,000 for reinforcement learning, none of a benchmark.
codereasoner build --train 10000 --rl 10000 --sft-size 17332 --rl-size 18796 --against all --by narrator --out set

# 2. Instruction tuning, with LoRA.
codereasoner sft set --preset sft-80gb --model "$MODEL" --out sft

# 3. Reinforcement learning with verified rewards.
codereasoner grpo set --preset grpo-80gb --model sft --out grpo

# 4. The benchmarks, for the base model, the tuned one and the last one.
for model in "$MODEL" sft grpo; do
  for benchmark in cruxeval-o cruxeval-i livecodebench-exec reval; do
    codereasoner evaluate "$benchmark" --model "$model"
  done
done
codereasoner compare evaluations
codereasoner leaderboard evaluations --out table.md
codereasoner report evaluations
