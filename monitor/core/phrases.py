"""The words providers use, as patterns on text in lower case and without the model's id."""

KEY = r"authorization failed|api[ _-]?key|no_db_connection"
NOT_YOURS = (
    r"not shared with|subscription|not allowed to access|verified account|missing resource entry in apikey"
    r"|not have access to (?:the |this )?(?:model|this)|model_access_denied"
)
NO_MONEY = (
    r"insufficient[ _](?:quota|credits?|balance|funds)"
    r"|(?:credits?|balance) (?:has |have )?(?:expired|exhausted)|balance is too low"
    r"|payment[ _]?(?:required|method_required)"
)
ENDED = r"end[ -]of[ -]life|\bretired\b|decommissioned"
WITHDRAWN = (
    r"no longer (?:available|supported|offered|served)|(?:been|is|was) (?:deprecated|removed|discontinued)"
)
_ROUTE = r"(?:v1/)?(?:chat/completions|completions?|embeddings?|responses|rerank)"
OTHER_ENDPOINT = (
    r"not an? (?:valid )?(?:chat|text|completions?|embeddings?|rerank(?:ing|er)?|language|generative) model"
    rf"|use (?:the )?[`'\"/]{{0,2}}{_ROUTE}[`'\"]? ?(?:endpoint|api|instead)"
    r"|does not support (?:the )?[`'\"]?(?:/v1/)?"
    r"(?:chat|completions?|embeddings?|generat|rerank|this (?:endpoint|task|operation))"
    r"|not supported for (?:generate|embed)content|operation does not work with the specified model"
    r"|not allowed to (?:sample|generate embeddings) from"
    rf"|only supported in [`'\"]?/?{_ROUTE}"
    rf"|not supported (?:in|on|by|for|with) (?:the )?[`'\"]?/?(?:{_ROUTE}|this endpoint)"
    r"|is not (?:available|served) (?:on|at|in|via) (?:this|the) (?:endpoint|api)"
    r"|(?:chat|embeddings?|completions?|rerank) (?:api )?is not supported (?:for|by) this"
)
NOT_OF_ACCOUNT = r"not found for account|specified function .{0,200}not found"
NO_SUCH_MODEL = (
    r"model_not_found|does not exist|invalid model name|no endpoints found|\bmodel\b.{0,200}? not found"
    r"|unknown model|no such model|not a valid model|no available channel"
)
NAMES_A_FIELD = (
    r"\broles?\b|\bsystem\b|max_(?:completion_|output_|new_)?tokens|temperature|\btop_[pk]\b|thinking|\bmessages\b"
    r"|\bimages?\b|image_url|\btools?\b|tool_choice|input_type|encoding_format|\bprompt|\bstream"
    r"|content (?:cannot|must) be|(?:last|final) (?:message|role|turn)|must end with an? (?:user|assistant)"
    r"|unsupported (?:parameter|value)|extra_forbidden|not permitted"
)
PER_DAY = r"\A(?s:(?=.*(?:per[ _-]?day|daily))(?=.*(?:quota|limit)))|\blimit: ?0\b"
NO_DEPLOYMENT = r"deployments_in_cooldown|no deployments available"
BUSY = r"resource[ _]?exhausted|overloaded|(?:at|over) capacity|request limit reached"
TOO_MANY = r"rate[ _-]?limit|too many requests"
NO_PATH = (
    r"\A(?:404:? )?(?:page )?(?:not found)?\Z|unknown_url|(?:invalid|unknown|unrecognized)(?: request)? url"
)
