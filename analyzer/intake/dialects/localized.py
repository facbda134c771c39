"""WebKit's failure texts in other languages than English → Chromium's net error names.

The Web Inspector exports the system's own wording, and the system speaks the reader's language. The
table holds what Apple's CFNetwork says for NSURLError -999, -1001, -1003, -1004, -1005 and -1009, as
applications report it; a wording that is not here stays a text.
"""

from __future__ import annotations

from typing import Final

_WORDS: Final = {
    "ERR_ABORTED": (
        "abgebrochen", "annulé", "cancelado", "annullato", "キャンセルしました", "已取消", "취소됨", "отменено",
        "скасовано", "anulowane", "đã huỷ", "geannuleerd", "avbruten", "vazgeçildi",
    ),
    "ERR_TIMED_OUT": (
        "zeitüberschreitung bei der anforderung", "la requête a expiré", "se agotó el tiempo de espera",
        "se ha agotado el tiempo de espera", "il tempo di attesa della richiesta è scaduto",
        "tempo di richiesta scaduto", "esgotou-se o tempo limite da solicitação", "请求超时", "要求逾時",
        "要求がタイムアウトになりました", "リクエストがタイムアウトになりました", "요청한 시간이 초과되었습니다",
        "превышен лимит времени на запрос", "przekroczenie limitu czasu żądania", "begäran nådde en maxtidsgräns",
        "temps esgotat per a la sol·licitud", "انتهت مهلة الطلب",
    ),
    "ERR_NAME_NOT_RESOLVED": (
        "es wurde kein server mit dem angegebenen hostnamen gefunden",
        "impossibile trovare un server con il nome host specificato", "未能找到使用指定主机名的服务器",
        "找不到使用指定主机名的服务器", "指定されたホスト名のサーバが見つかりませんでした",
        "특정 호스트 이름을 가진 서버를 찾을 수 없습니다",
    ),
    "ERR_CONNECTION_FAILED": (
        "verbindung zum server konnte nicht hergestellt werden", "impossible de se connecter au serveur",
        "не удалось подключиться к серверу", "无法连接服务器", "无法连接到服务器", "未能连接到服务器",
        "サーバに接続できませんでした", "서버에 연결할 수 없습니다",
    ),
    "ERR_CONNECTION_CLOSED": (
        "die netzwerkverbindung wurde unterbrochen", "la connexion réseau a été perdue",
        "la conexión de red se ha perdido", "la conexión de red se perdió", "la connessione è stata persa",
        "a conexão de rede foi perdida", "a ligação de rede foi cortada", "de netwerkverbinding is verbroken",
        "ネットワーク接続が切れました", "网络连接已中断", "網絡連線中斷", "網路連線中斷", "네트워크 연결이 유실되었습니다",
        "сетевое соединение потеряно", "połączenie sieciowe zostało przerwane", "nätverksanslutningen förlorades",
        "netværksforbindelsen gik tabt", "mistet nettverksforbindelsen", "ağ bağlantısı kesildi",
        "a hálózati kapcsolat megszakadt", "conexiunea de rețea a fost pierdută", "veza s mrežom je prekinuta",
        "la connexió de xarxa s’ha perdut", "đã mất kết nối mạng", "החיבור לרשת אבד", "تم فقدان اتصال الشبكة",
    ),
    "ERR_INTERNET_DISCONNECTED": (
        "es besteht anscheinend keine verbindung zum internet", "la connexion internet semble interrompue",
        "似乎已断开与互联网的连接", "インターネット接続がオフラインのようです", "internetanslutningen verkar vara nedkopplad",
        "인터넷 연결이 오프라인 상태입니다", "يبدو أنه لا يوجد اتصال بالإنترنت",
    ),
}  # fmt: skip
LOCALIZED: Final = {words: name for name, many in _WORDS.items() for words in many}
