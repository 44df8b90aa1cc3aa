"""Letters of other scripts that look like Latin ones: a name written with them is found. Used by plain_letters.py.

Taken from the confusables of Unicode Technical Standard 39 (data of the package confusable-homoglyphs), letters only:
what compatibility decomposition or the letter's own name gives already is left out. A test holds it to that data.
"""

# By the Latin letter: the code points of those that look like it, in small letters or capitals.
_BY_LETTER = {
    "a": "251 391 3b1 410 430 13aa 15c5 a4ee ab7a 102a0 16f40",
    "b": "184 392 412 42c 432 13cf 13f4 13fc 1472 15af 15f7 a4d0 a7b4 10282 102a1 10301",
    "c": "3f2 3f9 421 441 13df 2ca4 2ca5 a4da abaf 102a2 10302 10415 1043d 1051c",
    "d": "501 13a0 13e7 146f 15de 15ea a4d2 a4d3 ab70",
    "e": "25b 395 3b5 404 415 435 454 4bd 511 13ac 2c88 2c89 2d39 a4f0 ab32 ab7c ab9b 10286 10429 118a6 118ae 118ce",
    "f": "3dc 584 15b4 1e9d a4dd ab35 10287 102a5 10525 118a2 118c2",
    "g": "18d 261 50c 50d 581 13c0 13f3 13fb a4d6 ab90",
    "h": "397 41d 43d 4bb 570 13bb 13c2 157c 2c8e a4e7 a727 ab8b 102cf",
    "i": "131 269 37a 3b9 456 4cf 13a5 a647 ab75 118c3",
    "j": "37f 3f3 408 458 13ab 148d a4d9 ab7b",
    "k": "138 39a 3ba 41a 43a 13e6 16d5 2c94 a4d7 10518",
    "l": "196 1c0 399 406 4c0 13de 14aa 16c1 2c92 2cd0 2cd1 2d4f a4e1 a4f2 abae 1028a 10309 1041b 10443 10526"
    " 118a3 118b2 16f16 16f28",
    "m": "28d 39c 3fa 41c 43c 13b7 15f0 16d6 2c98 a4df ab51 102b0 10311",
    "n": "39d 3b7 43f 578 57c 2c9a a4e0 10513",
    "o": "39f 3bf 3c3 41e 43e 555 585 b20 d20 101d 10ff 12d0 1d11 2c9e 2c9f 2d54 a4f3 ab3d 10292 102ab 10404"
    " 1042c 104c2 104ea 10516 118b5 118c8 118d7",
    "p": "3a1 3c1 420 440 13e2 146d 1d29 2ca2 2ca3 a4d1 abb2 10295",
    "q": "51b 563 566 1d90 2d55",
    "r": "1a6 433 13a1 13d2 1587 1d26 2c85 a4e3 ab47 ab48 ab71 ab81 aba2 104b4 16f35",
    "s": "1bd 405 455 54f 13d5 13da a4e2 abaa 10296 10420 10448 118c1 16f3a",
    "t": "3a4 3c4 422 442 13a2 13bf 2ca6 a4d4 ab72 10297 102b1 10315 118bc 16f0a",
    "u": "3c5 54d 57d 1200 144c a4f4 a79f 104ce 104f6 118b8 118d8 16f42",
    "v": "3bd 474 475 13d9 142f 2d38 a4e6 a6df aba9 1051d 11706 118a0 118c0 16f08",
    "w": "26f 3c9 461 51c 51d 561 13b3 13d4 a4ea ab83 1170a 1170e 1170f",
    "x": "3a7 3c7 425 445 1541 157d 16b7 2cac 2d5d a4eb a7b3 10290 102b4 10317 10527",
    "y": "263 3a5 3b3 423 443 4ae 4af 10e7 13a9 13bd 2ca8 a4ec 102b2 118a4 118dc 16f43",
    "z": "396 13c3 a4dc ab93 118a9 118c4",
}

LOOKALIKES: dict[int, str] = {
    int(point, 16): letter for letter, points in _BY_LETTER.items() for point in points.split()
}
