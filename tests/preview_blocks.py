"""What the reader must make of each kind of message in the stored pages."""

from typing import NamedTuple

from monitor.post import Media, Origin

TEST_CHANNEL = 1591537674


class Expected(NamedTuple):
    """What a person reads in a block. Times are those of the message's footer."""

    id: int
    time: str
    text: str = ""
    media: tuple[Media, ...] = ()
    name: str = "tchantest"
    channel: int = TEST_CHANNEL
    author: str | None = None
    reply_to: str | None = None
    origin: Origin | None = None
    members: tuple[int, ...] = ()
    links: tuple[str, ...] = ()
    edited: bool = False
    service: bool = False


AGENCY = (
    "https://agenciabrasil.ebc.com.br/justica/noticia/2022-08/"
    "operacao-guardioes-do-bioma-apreende-239-toneladas-de-minerio"
)
CHAMBER = (
    "_\n\n✍️ CÂMARA APROVA\n_\n\n\n"
    "🔸 Projeto que aumenta penas para crimes sexuais contra crianças\n#Punição_ampliada\n"
    "🗳 Opine sobre esta proposta clicando aqui!\n____\n\n"
    "🔸Projeto que facilita corte ou poda de árvore quando houver risco de acidente.\n"
    "#Poda_de_árvores\n🗳 Opine sobre esta proposta clicando aqui!\n____\n\n"
    "🔸Proposta que susta resoluções da Aneel sobre tarifas de transmissão.\n"
    "#Tarifas_de_transmissão\n🗳 Opine sobre esta proposta clicando aqui!\n\n\n____\n\n"
    "📬 Convide seus contatos do WhatsApp a conhecerem nosso canal clicando aqui!\n____"
)

BLOCKS: dict[str, Expected] = {
    "audio_document": Expected(
        12, "2023-02-24 07:33:58", "Povo hebreu", (Media("audio", name="AUD-20130329-WA0000"),)
    ),
    "audio_message": Expected(13, "2023-02-24 07:34:05", media=(Media("voice"),)),
    "emoji_message": Expected(7, "2023-02-24 07:30:53", "👍"),
    "forwarded_text_message": Expected(
        89, "2023-02-24 12:13:31", ";)", origin=Origin("telegram:some_user")
    ),
    "location_message": Expected(
        10,
        "2023-02-24 07:31:38",
        media=(Media("location", lat=-23.930587176407, lon=-44.086305367818),),
    ),
    "location_message_2": Expected(
        83,
        "2023-02-24 11:01:22",
        media=(Media("location", lat=-23.532363086523, lon=-46.689620092745),),
    ),
    "location_message_3": Expected(
        88,
        "2023-02-24 11:23:40",
        media=(Media("location", lat=-23.531972140424, lon=-46.689076113848),),
    ),
    "message_weird_preview": Expected(
        7334,
        "2022-11-09 22:43:54",
        CHAMBER,
        (
            Media(
                "preview",
                name="Câmara aprova projeto que aumenta penas para crimes sexuais contra crianças;"
                " acompanhe - Notícias",
            ),
        ),
        name="CamaradosDeputados",
        channel=1133150112,
        links=(
            "http://bit.ly/3Tq1C4G",
            "http://bit.ly/3PCX1vn",
            "http://bit.ly/3tkdScB",
            "http://bit.ly/3A1c4c4",
            "http://bit.ly/3A3EoKS",
            "http://bit.ly/3zWxOpw",
            "https://bit.ly/2UBmLNC",
        ),
        edited=True,
    ),
    "multimedia_message": Expected(
        84,
        "2023-02-24 11:01:46",
        "Multiple videos and pictures",
        (Media("video"), Media("photo"), Media("video"), Media("photo")),
        members=(85, 86, 87),
    ),
    "photo_multiple": Expected(
        14,
        "2023-02-24 07:34:20",
        "Multiple pics",
        (Media("photo"), Media("photo")),
        members=(15,),
    ),
    "photo_single": Expected(
        16, "2023-02-24 07:35:28", "Picture by telegram camera", (Media("photo"),)
    ),
    "poll": Expected(
        11,
        "2023-02-24 07:32:23",
        "Let's do a quick poll quizz mode\nOpt1\nOpt2\nOpt3",
        (Media("poll"),),
    ),
    "round_video_single": Expected(17, "2023-02-24 07:35:45", media=(Media("round_video"),)),
    "service_message_channel_created": Expected(
        1, "2023-02-24 07:26:49", "Channel created", service=True
    ),
    "service_message_channel_name_changed": Expected(
        2,
        "2023-02-24 07:28:01",
        "Channel name was changed to «tchan's test channel»",
        service=True,
    ),
    "service_message_channel_photo_updated": Expected(
        3, "2023-02-24 07:29:23", "Channel photo updated", (Media("photo"),), service=True
    ),
    "service_message_channel_video_changed": Expected(
        82, "2023-02-24 10:15:33", '+ "Channel video changed"'
    ),
    "service_message_pinned": Expected(
        92,
        "2023-02-24 12:20:19",
        "tchan's test channel 👍 pinned «Going to pin this message»",
        links=("https://t.me/tchantest",),
        service=True,
    ),
    "signed_edited_text_message": Expected(
        5,
        "2023-02-24 07:29:57",
        "Hello! Signed and edited message",
        author="Álvaro Justen",
        edited=True,
    ),
    "sticker_message": Expected(9, "2023-02-24 07:31:06", media=(Media("sticker"),)),
    "text_message_link_no_preview": Expected(
        24,
        "2023-02-24 07:48:02",
        "This is a message with a link\n\nhttps://brasil.io/",
        edited=True,
    ),
    "text_message_link_with_regular_preview": Expected(
        94,
        "2023-02-24 13:47:38",
        AGENCY,
        (
            Media(
                "preview",
                name="Operação Guardiões do Bioma apreende 23,9 toneladas de minério",
            ),
        ),
    ),
    "text_message_link_with_right_preview": Expected(
        81,
        "2023-02-24 08:16:18",
        "link with preview https://python.org/",
        (Media("preview", name="Welcome to Python.org"),),
    ),
    "text_message_multiline": Expected(
        62, "2023-02-24 08:01:26", "Bigger\ntext\nmessage\nnumber\n34"
    ),
    "text_message_signed_not_edited": Expected(
        79, "2023-02-24 08:07:51", "Signed and not edited", author="Álvaro Justen"
    ),
    "text_reply_to_video": Expected(
        20,
        "2023-02-24 07:38:31",
        "Reply to a video (not recorded in telegram)",
        reply_to="19",
    ),
    "unsigned_text_message": Expected(6, "2023-02-24 07:30:39", "Unsigned message"),
    "video_big": Expected(
        5343,
        "2023-01-30 23:30:40",
        "some text",
        (Media("video"),),
        name="some_random_user",
        channel=1273465589,
    ),
    "video_single": Expected(
        18, "2023-02-24 07:36:49", "Video by telegram camera", (Media("video"),)
    ),
    "video_single_2": Expected(19, "2023-02-24 07:38:13", media=(Media("video"),)),
}
NO_MESSAGES = {"channel_info", "no_posts_found"}
