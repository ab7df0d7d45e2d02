"""Common English words that are also a Latin spelling of a Cyrillic name: snow, never.

Made by scripts/english_words.py #'s commonest words (CC BY-SA 4.0); do not edit. A
name spelt like one of them counts only with a capital letter.
"""

_WORDS = """
aaron abbas abdul abdullah abigail abraham abrams abused achilles adams adler admiralty adolf
adrian africa african agnes ahmad ahmed aires akbar akron alabama alaska albania albert alberta
alberto alexa alexander alexandra alexandria alexis alfred alias alice alicia alien alison allan
allen alonso altar alter alvin amanda amelia america amsterdam anders anderson andre andrea
andreas andrew angel angela angeles angelina angelo angola angus anita ankara annie antarctica
anton antonio antony apollo arabian arbor argentina ariel arizona arkansas armenia armstrong
arnold arson ashton assad assam asset aston atkinson atlanta august augusta augustine aurora
australia austria avery azerbaijan babes baden balcony baldwin bangkok bangladesh banks barbados
barbara barbie barker barnett baron barrel barrett barry barton basel basil basin bastion batsman
bauer baxter beatrice begun beirut belarus belfast bella below bender benedict benjamin bennett
benson benton bergen berger berlin bernard bernstein betsy bianca binder bishop bobby bogus
bolivia bolton boris bosch bosnia boston bourbon brain brand braun brave brenda brendan brennan
brent brett brian briggs bristol brody bruno budapest buenos burma busch byron calcutta calgary
calif california calvin camel cameron canada canary canberra candid canning caracas cardiff cared
carla carlo carlos carlson carlton carmen carol carolina carolyn carpenter carpet carpets carson
carter castro catalonia caves cesar chain chalk chang chant charms chart chicago chili chill
choking chose christian christina chung citing civil clara clarkson clash claudia claudio claus
clement clifford clifton clint clinton cobra cohen colder colin collar collins colon colorado
columbia conan congo connecticut connor conrad copenhagen costa costello coventry craft crash
cries cristiano cristina crystal cuban cubic cunts cyril czech dakota dallas dalton damian daniel
daniels danish dante darius darling darren darwin davey david davidson debra della dementia denis
dennis denny denver derby derek desmond detroit devon dexter diana dickens dickinson diego disney
dixon dolly dominic donald donaldson donovan doris dortmund douglas dracula dubai dublin duncan
dunes during dylan ebola echoed ecuador edgar edison edmonton edmund eduardo edward edwards edwin
einstein elder eleanor electro elena elias eliot eliza ellen ellie elliot elliott ellis ellison
elton elvis emerson emily eminem emmanuel energetic epstein erica ernest ernst estonia evans
everest fanny farmer farrell felipe felix ferdinand ferguson fernando finch finger fiona fischer
fisher fitzgerald fleming fletcher flora flores florida floyd forest forrest forster foster
francesca francesco francisco franco frank frankenstein frankfurt franklin franz freddy fried
fritz frost fuller fulton gabriel gamer gardner garner garrison garry genera george georges
georgia gerald gerard german germans gerrard gibbs gibraltar gibson gideon gilbert gillian ginger
glass glenn glory glover goldberg golden goldman gomez gordon gotcha gould grant grass grave
gregory grief griffin grimm gross guatemala gucci guinness gujarat habit haiti haley halifax
hamburg hamilton hamlet hammer handy hanna hannibal hanoi hansen hanson hardy harlem harms harold
harper harriet harris harrison harry harvard harvey hassan hastings havana hector heinrich helen
helena hella helsinki henderson hendrix henri henry herald herbert hercules herman hermes heroes
herrera higgins hilary hillary hilton hitler hobart hoffman hogan holden holding holes holland
holmes homer homes honda honduras honolulu hopkins horny howard hubert hudson hungary hunter
hussein ibrahim india indiana indonesia iraqi irene irving irwin isaac isabel isabella islam
islamabad israel israeli israelis italia jacob jaime jakarta jamal janet january jared jason
jasper javier jefferson jenkins jenna jenner jennifer jennings jensen jerry jessica jesus joanna
johann joking jonas jonny jordan joshua julia julian julien juliet julio julius junior jupiter
justin kabul kansas kanye kaplan karachi kardashian karen karma kashmir katrina kazakhstan keller
kelly kelvin kennedy kenny kensington kenya kerala kerry kevin kinder kingston klaus klein korea
kosovo kraft kramer krishna kristen kumar kyoto labrador laden lagos lambert lancaster larry
larson latvia laura lauren laurent lebron lenin lennon leonard leonardo lester levin liberia
lincoln linda lindsey lionel livingston lloyd logan login london lorenzo louis louisa lowell lucas
lucia lucifer lucky ludwig lumpur luxembourg lynch macdonald macedonia macmillan madagascar madras
madrid magnus maharashtra maher mails mains major malawi malay malaysia malcolm males malik malta
manchester mandela mania manic manila manitoba manuel marcel marco marcos marcus margaret
margarita margot maria marian marie marin marina marines mario marion marks marshall marta martian
martin martinez marty martyr marvel marvin masters maxim maxwell mayer mayor mecca medina megan
melissa melvin mercury merkel merlin messi mexico meyer michael michaels michel michigan miguel
mikhail milan miller mills milton miranda miriam missouri mitch mitchell mixed modest mohamed
mohammad mohammed monaco mongolia monica montgomery morales moran moreno morgan morocco morris
morrison morse morton moses mozart muhammad muller muslim nadal nadia nairobi naomi napoleon natal
natasha nebraska nelson nepal netanyahu never newer neymar nicaragua nicola nicolas niger nigeria
nikki nikon nixon nobel nolan norfolk norman norris norton novak obama odyssey olive oliver olivia
olsen olson ontario oregon orion orlando osaka osama oscar oswald ottawa outta oxford pablo
pakistan palmer pamela panama panic paolo papua parish parker parks parsons partisan parts pascal
patel paterson patricia patterson patton paula paulo pedro pelosi pepper perez perkins persia
peter peters peterson peyton picasso piper plank plunge pluto porch porsche porter postal potomac
potter pratt prescott preston progress prosper proton prussia pulitzer putin quran races rachel
rafael rahman raider rajasthan ramon ramos raymond rebecca record regina remark renal resin
reynolds ricardo richard richards richardson richer richmond ricky rival rivera robert roberto
roberts robertson robin robinson roche rogers roland rolling rollins roman romania romeo romero
ronald ronaldo rosen rosenberg rossi rotten rubin rubio rufus rupert sabrina saddam safer sahara
salary salem sales sally salman salvador samoa samson samuel sanders sandra santa santiago santos
sasha saskatchewan saturn sayin scarlet scarlett schmidt schneider schultz scott scuba sebastian
sedan selling semen senegal seoul serbia serena sergei sergio shadow shake shapiro share sharia
sharif sharon sheila sheldon shell shelly shelton shepard sheridan sherman shire shits shiva
shores shorter sidney silva silver simmons simon simone simpson sinai singer singh skinner skipper
slain slovakia slovenia smile sofia solar solomon somali somerset sonia split sport springs
stafford stain stalin stark stefan stein stella stern sting stirling strip strong stuart sudan
suits sultan super surrey suzanne suzuki swift sydney sylvia taiwan tanner tanya tanzania tasmania
teddy teller teresa terry tesla texas tibet titus tobago tobias tokyo toledo tomas tommy tories
toronto torres traverse trent trevor trinidad trinity tripoli tristan trojan tudor tunisia turin
twist uganda urban uruguay usher vague valid vanessa vargas vatican venus veronica victor victoria
victorian victory vietnam viktor villa vincent viola virginia vital vivian vladimir wagner walter
walters wanda washington watkins watson webber weber webster wellington wells wenger werner weston
wilde wilhelm william willie willis wilson winchester windsor winnipeg winston winter wisconsin
xavier yemen yugoslavia zambia zelda zimbabwe zimmerman
"""

COMMON: frozenset[str] = frozenset(_WORDS.split())
"""Lower-case words of five letters and more."""
