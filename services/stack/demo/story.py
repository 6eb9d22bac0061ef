"""The escalations of the demo: realistic in shape, sober in words, in the ten languages of the desk.

Pure data. Each body is what an upstream tool would post; `acts` and `outcome` are what the specialist then does.
"""

from datetime import timedelta
from typing import Any

from services.stack.demo.scripts import Act, Part, Scripted

TOOL = "report-tool"
DESK = "trust-desk"
REMOVE = (Act("remove"),)
LABEL = (Act("label"),)
LIMIT = (Act("limit_visibility"),)
LEFT_FOR = timedelta(minutes=5) - timedelta(seconds=10)
"""So long ago was the case received that is left alone: its acknowledge clock (5 min) is due 10 s into the story."""


def _one(key: str, language: str, region: str, area: str, summary: str, **rest: Any) -> Scripted:
    own = {"source", "part", "acts", "outcome", "received_before", "order", "twin", "subject"}
    scripted = {name: rest.pop(name) for name in own & rest.keys()}
    fields = {"summary": summary, "policy_area": area, "language": language, "region": region, **rest}
    return Scripted(key=key, fields=fields, **{"source": TOOL, **scripted})


def story() -> tuple[Scripted, ...]:
    """All escalations in the order in which they are posted."""
    return (*_moments(), *_americas(), *_europe(), *_asia())


def _moments() -> tuple[Scripted, ...]:
    """Those with a part of their own."""
    return (
        _one(
            "left-alone",
            "en",
            "US",
            "violent_content",
            "Post threatens a venue tonight and names the time",
            severity="critical",
            part=Part.LEFT,
            received_before=LEFT_FOR,
            acts=REMOVE,
        ),
        _one(
            "removal-order",
            "fr",
            "FR",
            "violent_and_hateful_entities",
            "Injonction de retrait d'une autorité compétente : contenu de propagande",
            source=DESK,
            part=Part.ORDER,
            reporter={"type": "authority", "name": "Autorité compétente"},
            acts=REMOVE,
            order={"clock": "eu.tco.art3", "reference": "FR-2026-118", "jurisdiction": "FR"},
        ),
        _one(
            "unheard",
            "sw",
            "KE",
            "violent_content",
            "Ujumbe unatishia kundi la watu kwa jina; haraka",
            severity="critical",
            part=Part.UNHEARD,
            acts=REMOVE,
        ),
        _one(
            "intimate-image",
            "en",
            "US",
            "non_consensual_intimate_media",
            "Person shown asks for removal of an intimate image shared without consent",
            part=Part.INTIMATE,
            reporter={"type": "depicted_person"},
            acts=REMOVE,
        ),
        _one(
            "school-threat",
            "en",
            "GB",
            "violent_content",
            "Several reports of a threat against a school",
            acts=REMOVE,
            reach={"impressions": 120000, "per_hour": 4000},
        ),
        _one(
            "school-threat-again",
            "en",
            "GB",
            "violent_content",
            "Trusted flagger reports the same threat",
            source=DESK,
            part=Part.GROUPED,
            twin="school-threat",
            subject="school-threat",
            reporter={"type": "trusted_flagger"},
        ),
        _one(
            "polling-date",
            "en",
            "US",
            "civic_integrity",
            "Post states a wrong polling date for a county",
            acts=LABEL,
            reporter={"type": "press"},
        ),
        _one(
            "polling-date-again",
            "en",
            "US",
            "civic_integrity",
            "Post states a wrong polling date for a county",
            part=Part.DUPLICATE,
            twin="polling-date",
            reporter={"type": "press"},
        ),
        _one(
            "takeover",
            "en",
            "CA",
            "account_compromise",
            "Verified account of a clinic posts investment links",
            part=Part.DECLINED,
            acts=(Act("temporary_lock"),),
        ),
        _one(
            "network",
            "en",
            "GB",
            "platform_manipulation",
            "Forty accounts post the same text within a minute",
            part=Part.CONFIRMED,
            acts=(Act("suspend"),),
            severity="medium",
        ),
        _one(
            "licence",
            "en",
            "US",
            "copyright",
            "Rights holder asks for removal of a full episode",
            part=Part.PENDED,
            reporter={"type": "rights_holder"},
            outcome="no_violation",
        ),
    )


def _americas() -> tuple[Scripted, ...]:
    return (
        _one(
            "mx-hate", "es-419", "MX", "hateful_conduct", "Publicación deshumaniza a un grupo de migrantes", acts=REMOVE
        ),
        _one(
            "ar-address",
            "es",
            "AR",
            "private_information",
            "Publican el domicilio de una periodista",
            acts=REMOVE,
            reporter={"type": "press"},
        ),
        _one(
            "co-work",
            "es",
            "CO",
            "human_exploitation",
            "Anuncio de empleo con señales de trata de personas",
            acts=REMOVE,
        ),
        _one("es-harass", "es", "ES", "abuse_and_harassment", "Acoso coordinado contra una concejala", acts=LIMIT),
        _one("br-threat", "pt-BR", "BR", "violent_content", "Ameaça dirigida a uma torcida antes do jogo", acts=REMOVE),
        _one("br-scam", "pt", "BR", "financial_scam", "Página falsa de banco pede transferência por Pix", acts=REMOVE),
        _one(
            "pt-video",
            "pt",
            "PT",
            "synthetic_media",
            "Vídeo sintético de uma candidata a anunciar desistência",
            acts=LABEL,
        ),
        _one("us-goods", "en", "US", "illegal_or_regulated_goods", "Listing offers prescription drugs", acts=REMOVE),
        _one(
            "unknown-tongue",
            "und",
            "ZZ",
            "platform_manipulation",
            "Bulk replies of unknown language under news posts",
            acts=LIMIT,
        ),
    )


def _europe() -> tuple[Scripted, ...]:
    return (
        _one(
            "de-hate",
            "de",
            "DE",
            "hateful_conduct",
            "Beitrag verunglimpft eine religiöse Gruppe",
            source=DESK,
            reporter={"type": "trusted_flagger"},
            acts=(Act("withhold_in_country", regions=("DE",)),),
        ),
        _one("de-bots", "de", "DE", "platform_manipulation", "Auffälliges Netz neuer Konten im Wahlkreis", acts=LIMIT),
        _one(
            "at-adult",
            "de",
            "AT",
            "adult_content",
            "Anstößiges Profilbild ohne Altersschranke",
            acts=(Act("age_gate"),),
        ),
        _one("fr-clone", "fr", "FR", "deceptive_identities", "Compte imitant une préfecture", acts=REMOVE),
        _one("be-hate", "fr", "BE", "hateful_conduct", "Commentaires haineux sous un reportage", acts=REMOVE),
        _one(
            "gb-welfare",
            "en",
            "GB",
            "suicide_and_self_harm",
            "Friend asks for a welfare check on a user",
            acts=(Act("feature_block"),),
            outcome="no_violation",
        ),
        _one("is-trade", "is", "IS", "trademark", "Verslun notar vörumerki annars fyrirtækis", acts=REMOVE),
    )


def _asia() -> tuple[Scripted, ...]:
    return (
        _one(
            "jp-help",
            "ja",
            "JP",
            "suicide_and_self_harm",
            "利用者が危険をほのめかす投稿、安否確認の依頼",
            acts=(Act("feature_block"),),
            outcome="no_violation",
        ),
        _one("jp-clone", "ja", "JP", "deceptive_identities", "自治体を装うアカウント", acts=REMOVE),
        _one(
            "jp-anime",
            "ja",
            "JP",
            "copyright",
            "作品の無断転載についての申告",
            acts=REMOVE,
            reporter={"type": "rights_holder"},
        ),
        _one("in-hate", "hi", "IN", "hateful_conduct", "पोस्ट एक समुदाय के बहिष्कार की अपील करती है", acts=REMOVE),
        _one("in-video", "hi-Latn", "IN", "synthetic_media", "Neta ka nakli video, chunav se pehle", acts=LABEL),
        _one("th-goods", "th", "TH", "illegal_or_regulated_goods", "โพสต์ขายยาควบคุมโดยไม่มีใบอนุญาต", acts=REMOVE),
        _one("th-scam", "th", "TH", "financial_scam", "เพจปลอมชวนลงทุนแอบอ้างธนาคาร", acts=REMOVE),
        _one("kr-address", "ko", "KR", "private_information", "개인의 집 주소와 연락처가 게시됨", acts=REMOVE),
        _one("kr-harass", "ko", "KR", "abuse_and_harassment", "특정 이용자에 대한 집단 괴롭힘 신고", acts=LIMIT),
        _one("pk-threat", "ur", "PK", "violent_content", "ایک اجتماع کے خلاف دھمکی آمیز پیغام", acts=REMOVE),
        _one("pk-hate", "ur", "PK", "hateful_conduct", "ایک برادری کے خلاف نفرت انگیز تبصرے", acts=REMOVE),
    )
