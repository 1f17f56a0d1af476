#!/usr/bin/env bash
# Chains of a teacher for the set that paper_one_gpu.sh builds, kept only where their answers are verified.
# TEACHER is served at URL, for example by vLLM. Price it first: the trial asks 20 questions and projects the whole set.
set -euo pipefail
TEACHER=${TEACHER:-Qwen/QwQ-32B}
URL=${URL:-http://127.0.0.1:8000/v1}

codereasoner chain set --by "openai:$TEACHER" --base-url "$URL" --task output --task input --limit 20
codereasoner chain set --by "openai:$TEACHER" --base-url "$URL" --task output --task input --out set/taught.jsonl
codereasoner audit set/taught.jsonl --questions set/questions.jsonl
codereasoner rows set --chains set/taught.jsonl --sft-out set/taught.parquet --grpo-out set/taught-grpo.parquet
codereasoner sft set/taught.parquet --preset sft-80gb --model "${MODEL:-Qwen/Qwen2.5-Coder-7B-Instruct}" --out taught
