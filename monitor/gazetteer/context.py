"""Words beside a name that say what it names: a village, a district, a street, a person.

All words are strict symbols (monitor/text/symbols.py): lower case, ё as е, no marks.
"""

import re


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


SETTLEMENT = _words(
    """
    село селе села селу селом сел селах
    деревня деревне деревни деревню деревней деревень деревнях
    поселок поселке поселка поселку поселком поселки поселков хутор хуторе хутора хутору хутором
    станица станице станицы станицу станицей город городе города городу городом городов городах
    пгт рп райцентр райцентре слобода слободе слободы аул ауле аула
    селище селищі селища селищу селищем містечко містечку місто місті міста місту містом сіл селах
    станиці хутір хуторі хутором селі
    village town city settlement hamlet township villages towns cities
    """
)
"""Before the name."""
SHORT_SETTLEMENT = _words("с п д х г м ст пос дер гор смт нп")
"""The same with a full stop after it: `с. Козинка`."""
DISTRICT = _words(
    """
    район районе района району районом районы районов р-н рн округ округе округа округу округом
    горокруг горокруге горокруга горокругу муниципалитет муниципалитете муниципалитета
    громада громаді громади громаду громадою районі районом
    district districts raion rayon hromada okrug municipality county
    """
)
"""After an adjective; before the name in English: `district of`."""
REGION = _words(
    """
    область области областью областей обл край крае края краю краем губерния губернии
    республика республике республики республику области області областю областей областям губернія
    oblast oblasts region regions province state territory krai
    """
)
BETWEEN = _words(
    """
    городской городском городского городскому городским муниципальный муниципальном
    муниципального муниципальному сельский сельском сельского военный
    міський міської міській територіальна територіальної територіальній муніципальний
    urban municipal city
    """
)
"""May stand between the adjective and `округ`."""
BORDERLAND = _words(
    """
    приграничье приграничья приграничью приграничьем пограничье пограничья прикордоння
    прикордонні прикордонню фронт фронте направление направлении направления напрямок напрямку
    губернатор губернатора губернатору губернатором власти властей властям
    прокуратура прокуратуры облправительство приграничный глава главы главе
    губернатори облрада ова border borderland governor authorities
    """
)
"""After an adjective that then means the region: `курское приграничье`."""
OF_A_PLACE = _words(
    """
    районе района районом окраина окраине окраину окраины окраин окраинах жители жителей жителям
    жителями жителя стороны сторону направлении направление направления вокруг окрестностях
    окрестности пригород пригороде пригорода центр центре центра пункт пункта пункте пунктов
    пункты пунктах нп освобождение обстрел обстрела обстреле
    приграничного приграничный приграничном приграничной приграничную приграничное
    российского российском российской российскую украинского украинском украинской
    белгородского белгородском белгородской белгородское белгородскому
    курского курском курской курское курскому брянского брянском брянской
    околиці околиць мешканці мешканців напрямку напрямок навколо обстріл
    residents outskirts shelling
    """
)
"""Before a name that is a place's: `жители Суджи`, `на окраине Любимовки`, `курская Козинка`."""
STREET = _words(
    """
    улица улице улицы улицу улицей ул проспект проспекте проспекта пр-т пр-кт просп переулок
    переулке площадь площади площадью шоссе тракт бульвар бульваре набережная набережной проезд
    метро станция станции станцию вокзал имени им аэропорт аэропорта аэропорту
    вулиця вулиці вулицю вул провулок площа площі бульварі street avenue road lane square st ave rd
    река реки реке реку рекой рекою озеро озера озере озером водохранилище водохранилища
    річка річки річці річку річкою озері водосховище
    stadium university college hospital station airport
    """
)
"""Before the name (or, in English, after it): the name of something else."""
HERE = _words(
    """
    в во на из изо под над возле около близ вблизи через до у по между за
    у в на із зі з під над біля поблизу через до між за
    in at near from around outside into towards toward to of through across between
    """
)
"""Before a name that is a place."""
SURELY_HERE = HERE - frozenset("у до за по між между of to from".split())  # noqa: SIM905 - a table of words
"""The same, and people stand after it hardly ever."""
TITLES = _words(
    """
    президент президента президенту губернатор губернатора губернатору губернатором генерал
    генерала полковник полковника майор капитан лейтенант сержант рядовой депутат депутата сенатор
    министр министра премьер адвокат адвоката судья судьи журналист журналиста журналистка блогер
    блогера актер актера актриса актрисы певец певца певица певицы режиссер режиссера тренер
    тренера вратарь нападающий полузащитник защитник академик профессор товарищ господин госпожа
    мэр глава директор гендиректор писатель писателя художник поэт экономист политолог аналитик
    эксперт спикер замминистра экс-мэр экс-губернатор
    міністр президентка генерал депутатка голова речник
    mr mrs ms dr president senator governor general minister judge coach captain prof sir
    """
)
"""Before a name that is a person's, if the name may be a surname."""

SURNAME = re.compile(
    r"(?:[оеиы]в|[иыі]н|їн)(?:|а|у|ой|ою|ым|им|ом|е|ы|и|ых|их|ыми|ими|ій|і)$"
    r"|[сцзь]к(?:ий|ого|ому|им|ом|ая|ой|ую|ие|их|ими|а|ої|ій|у|ою|і)$"
    r"|(?:енко|чук|юк|ян|дзе|швили)$"
)
"""Symbols that may be a surname in some case; -ово and -ино in the nominative are not."""
LAND = re.compile(r"[бвдзклмнпрст]ь?[щч]ин(?:а|ы|и|е|і|у|ой|ою)$")
"""A region by its old name: `Сумщина`, `Белгородчина`; who is called so bears it as a nickname."""
RELATIONAL = re.compile(r"[сцзь]к(?:ий|ого|ому|им|ом|ая|ой|ую|ое|ие|их|ими|а|ої|ій|у|ою|і|е)$")
"""Symbols that may be an adjective of a place."""
PATRONYMIC = re.compile(r"(?:ович|евич|ич|овн|евн|ичн|івн|ївн)(?:|а|у|ем|ем|ой|е|ы|ою|и|і)$")
TYPES_AFTER = DISTRICT | REGION
"""After a name in Latin letters: `Belgorod oblast`."""
BEFORE_LATIN = _words(
    """
    the and or of mr president near central southern northern eastern
    western downtown greater around capital
    """
)
"""May begin with a capital before a place in Latin letters without being part of its name."""
STARTERS = _words(
    """
    in at from near to the a an on for with as by around outside inside across many most all some
    both when while after before since until if but and now today yesterday for
    """
)
"""Begin an English sentence."""
DIRECTION = re.compile("направлени|напрям")
"""Of a front, or of a railway."""
EVERYWHERE = re.compile(
    "(?:совет|октябр|ленин|киров|калинин|куйбышев|дзержин|фрунзен|орджоникидз|первома|красноарме|"
    "краснознам|железнодорож|промышлен|завод|централь|пролетар|ворошил|буденнов|петровск|николь|"
    "александров|ильин|горьк|красногварде|свердл|комсомоль|московск|киевск|київськ|приморск|южн|"
    "северн|западн|восточн|индустриаль|шевченк|соборн|святошин|садов|нижн|верхн|нов|стар|красн|"
    "больш|мал|бел|радян|жовтнев)"
)
"""Beginnings of adjectives that name a district in cities everywhere."""
NOT_LOCAL = _words(
    """
    режим режима режиму режимом время времени вокзал вокзала режими аномалия аномалии дуга дуге
    битва битвы битве князь князя котлета патриархат партия
    """
)
"""After an adjective that then says nothing of where: `киевский режим`, `московское время`."""
SEVERAL = _words("села сел деревни деревень пунктов пункты населенных города городов хутора")
"""Before a dash or colon, and then names of settlements."""
