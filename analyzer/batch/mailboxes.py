"""Mail domains that give mailboxes to anybody: an address there is a person, not a company.

From the providers' own sign-up pages; a missing one only means that its people are shown as one customer.
"""

from __future__ import annotations

from typing import Final

PUBLIC: Final = frozenset(
    """
    126.com 163.com aol.com bluewin.ch btinternet.com comcast.net cox.net duck.com email.cz fastmail.com
    fastmail.fm free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hey.com
    hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it hushmail.com icloud.com inbox.lv
    interia.pl laposte.net libero.it live.co.uk live.com live.fr live.nl mac.com mail.com mail.de mail.ru
    mailbox.org mailfence.com me.com msn.com naver.com o2.pl online.de onet.pl orange.fr outlook.com outlook.de
    outlook.es outlook.fr pm.me posteo.de posteo.net privaterelay.appleid.com proton.me protonmail.ch
    protonmail.com qq.com rambler.ru rediffmail.com rocketmail.com seznam.cz sfr.fr shaw.ca sina.com sky.com
    t-online.de telenet.be tutanota.com tuta.io uol.com.br verizon.net virgilio.it wanadoo.fr web.de wp.pl
    yahoo.ca yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.it
    yandex.com yandex.ru ymail.com zoho.com
    """.split()
)
