"""Our grader as a resources server of NeMo Gym: `codereasoner export grpo.parquet --to nemo-gym` writes its folder.

The agent of NeMo Gym asks the model; this server verifies what it wrote. A thought that the model's server keeps apart
is an output item of its own, so only the text is graded.
"""

from __future__ import annotations

from nemo_gym.base_resources_server import (
    BaseResourcesServerConfig,
    BaseVerifyRequest,
    BaseVerifyResponse,
    SimpleResourcesServer,
)

from codereasoner.exports.batched_grader import grader_of_process
from codereasoner.exports.formats import read_label
from codereasoner.exports.framework_questions import share


class LabelledRequest(BaseVerifyRequest):
    """A response of the model, with the label that the export wrote into its row."""

    verifier_metadata: dict[str, str]


class GradedResponse(BaseVerifyResponse):
    """The reward, 0 to 1, and the outcome and reason of the grade."""

    outcome: str
    reason: str


class GradingServer(SimpleResourcesServer):
    """A server that grades one response at a time; those that arrive together are graded in one batch."""

    config: BaseResourcesServerConfig

    async def verify(self, body: LabelledRequest) -> GradedResponse:
        """Return the grade of a response; an infrastructure error, graded twice, is masked."""
        finish = "length" if body.response.incomplete_details else "stop"
        label, text = body.verifier_metadata["label"], body.response.output_text or ""
        [grade] = await grader_of_process().grade_async([label], [text], [finish])
        return GradedResponse(
            **body.model_dump(),
            reward=0.0 if grade.reward is None else share(read_label(label)[0], grade),
            mask_sample=grade.reward is None,
            outcome=grade.outcome,
            reason=grade.reason,
        )
