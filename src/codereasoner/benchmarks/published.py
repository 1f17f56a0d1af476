"""Published pass@1, with how it was got and where it stands: what a leaderboard shows beside one's own runs.

CRUXEval's numbers are in its paper (arXiv:2401.03065) and its repository; those of LiveCodeBench's code execution are
in the scored files of github.com/minimario/cruxeval-lcb (MIT), from which they were read. Numbers of two sources were
got with two prompts and two parsers: they stand in one table to be looked at, not to be subtracted.
"""

from __future__ import annotations

from collections.abc import Mapping

from codereasoner.extend import Published

CRUXEVAL = "arXiv:2401.03065"
CRUXEVAL_FILES = "github.com/facebookresearch/cruxeval, samples"
LCB_FILES = "github.com/minimario/cruxeval-lcb, evaluation_results"
SEMCODER = "github.com/ARiSE-Lab/SemCoder, README"
CODEREASONER = "arXiv:2507.17548"
STEPCODEREASONER = "arXiv:2605.11922"

DIRECT = "direct, T=0.2, 10 samples"
COT = "chain of thought, T=0.2, 10 samples"
GREEDY = "greedy"
AS_REPORTED = "as reported by SemCoder's authors"

CRUXEVAL_OUTPUT: Mapping[str, Published] = {
    "StepCodeReasoner-7B": Published(91.1, GREEDY, STEPCODEREASONER),
    "CodeReasoner-7B": Published(86.0, GREEDY, CODEREASONER),
    "GPT-4o": Published(85.6, GREEDY, CODEREASONER),
    "GPT-4 (chain of thought)": Published(81.0, COT, CRUXEVAL),
    "Qwen2.5-Coder-7B-Instruct": Published(75.2, GREEDY, CODEREASONER),
    "SemCoder-S 6.7B": Published(63.9, AS_REPORTED, SEMCODER),
    "GPT-3.5 Turbo": Published(59.0, AS_REPORTED, SEMCODER),
    "Code Llama 34B (chain of thought)": Published(46.0, COT, CRUXEVAL),
    "Code Llama 7B": Published(34.2125, DIRECT, CRUXEVAL_FILES),
}

CRUXEVAL_INPUT: Mapping[str, Published] = {
    "GPT-4 (chain of thought)": Published(75.0, COT, CRUXEVAL),
    "SemCoder-S 6.7B": Published(63.6, AS_REPORTED, SEMCODER),
    "GPT-3.5 Turbo": Published(50.3, AS_REPORTED, SEMCODER),
    "Code Llama 34B (chain of thought)": Published(50.0, COT, CRUXEVAL),
    "Code Llama 7B": Published(35.95, DIRECT, CRUXEVAL_FILES),
}

_LCB_SCORED = {
    "GPT-4 Turbo 1106 (chain of thought)": 82.2129,
    "GPT-4 0613 (chain of thought)": 68.5595,
    "GPT-4 0613": 51.4405,
    "GPT-4 Turbo 1106": 49.8121,
    "DeepSeek Coder 33B base": 48.9770,
    "Claude 2 (chain of thought)": 48.4760,
    "DeepSeek Coder 6.7B base": 44.9061,
    "DeepSeek Coder 33B base (chain of thought)": 44.8017,
    "Claude Instant 1 (chain of thought)": 43.7787,
    "DeepSeek Coder 33B instruct": 43.5908,
    "DeepSeek Coder 33B instruct (chain of thought)": 43.2568,
    "Claude 2": 42.7557,
    "GPT-3.5 Turbo 0613": 41.9833,
    "GPT-3.5 Turbo 0613 (chain of thought)": 41.8580,
    "Gemini Pro (chain of thought)": 41.7328,
    "DeepSeek Coder 6.7B instruct": 40.1879,
    "Magicoder DS 6.7B": 40.1253,
    "CodeTulu 2 34B (chain of thought)": 39.0605,
    "CodeTulu 2 34B": 37.8497,
    "Magicoder DS 6.7B (chain of thought)": 36.8894,
    "Code Llama 34B": 35.7829,
    "Claude Instant 1": 35.7620,
    "DeepSeek Coder 6.7B base (chain of thought)": 35.6576,
    "Phind Code Llama 34B": 34.9896,
    "Code Llama Python 13B": 34.9061,
    "DeepSeek Coder 6.7B instruct (chain of thought)": 34.8643,
    "WizardCoder 13B": 34.4885,
    "Mixtral 8x7B": 34.3841,
    "WizardCoder 34B": 34.0919,
    "Phi-2": 32.8810,
    "DeepSeek Coder 1.3B base": 32.6096,
    "Code Llama Python 34B": 32.2756,
    "Gemini Pro": 31.3987,
    "Code Llama Python 7B": 31.3152,
    "Code Llama 13B": 31.1691,
    "Magicoder CL 7B": 31.0230,
    "Mistral 7B": 31.0021,
    "DeepSeek Coder 1.3B instruct": 28.8100,
    "Phi-1.5": 28.7056,
    "Code Llama 7B": 28.6430,
    "StarCoderBase 16B": 28.0167,
    "DeepSeek Coder 1.3B instruct (chain of thought)": 26.1169,
    "DeepSeek Coder 1.3B base (chain of thought)": 25.1566,
    "Phi-1": 25.0522,
    "Mistral 7B (chain of thought)": 24.9061,
    "StarCoder 16B": 24.7182,
    "StarCoderBase 7B": 23.6326,
}

LIVECODEBENCH_EXECUTION: Mapping[str, Published] = {
    "StepCodeReasoner-7B": Published(86.5, GREEDY, STEPCODEREASONER),
    "CodeReasoner-7B": Published(77.7, GREEDY, CODEREASONER),
    "GPT-4o": Published(75.1, GREEDY, CODEREASONER),
    "SemCoder-S 6.7B": Published(61.2, AS_REPORTED, SEMCODER),
    **{
        name: Published(value, COT if name.endswith("(chain of thought)") else DIRECT, LCB_FILES)
        for name, value in _LCB_SCORED.items()
    },
}

REVAL: Mapping[str, Published] = {
    "StepCodeReasoner-7B": Published(82.9, "greedy, one number for all parts", STEPCODEREASONER),
    "CodeReasoner-14B": Published(81.1, "greedy, one number for all parts", CODEREASONER),
    "GPT-4o": Published(77.3, "greedy, one number for all parts", CODEREASONER),
    "CodeReasoner-7B": Published(72.3, "greedy, one number for all parts", CODEREASONER),
}

CODEGLANCE_DS1000: Mapping[str, Published] = {
    "DeepSeek-Coder-7B-Instruct v1.5": Published(
        47.87046123650637, "10 samples", "github.com/greenlight2000/CodeGlance, scored files"
    ),
}
