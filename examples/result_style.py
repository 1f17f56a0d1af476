from codereasoner.answer_formats import AnswerFormat
from codereasoner.styles import Style


class Result(AnswerFormat):
    name = "result"
    instruction = "Give the result alone inside <result>...</result>, and nothing else."
    instruction_after_reasoning = "Reason step by step, then give the result alone inside <result>...</result>."
    opening, closing = "<result>", "</result>"
    escapes = (("</result>", "<\\x2fresult>"), ("<result>", "\\x3cresult>"))


SHORT = Style(Result(), reasons=False, system="You are a Python interpreter.")
