"""The forms that give strings, characters, lists of strings and answers about strings. The notation: see forms.py."""

TABLE = r"""
str 0.1 4 | {float.}.hex() | 3
str 5 1 | {str.}.upper() | =
str 5 1 | {str.}.lower() | =
str 3 1 | {str.}.swapcase() | =
str 2 1 | {str.}.capitalize() | =
str 2 1 | {str.}.title() | =
str 2 1 | {str.}.strip() | -
str 2 1 | {str.}.strip({char}) | -
str 1 1 | {str.}.lstrip({char}) | -
str 1 1 | {str.}.rstrip({char}) | -
str 1 2 | {str.}.lstrip() | -
str 1 2 | {str.}.rstrip() | -
str 8 1 | {str.}.replace({char}, {char}) | =
str 3 1 | {str.}.replace({char}, '') | -
str 2 2 | {str.}.replace({char}, {str}, 1) | -
str 5 1 | {str.}[::-1] | =
str 3 1 | {str.}[1:] | =-1
str 3 1 | {str.}[:-1] | =-1
str 3 1 | {str.}[{small}:] | -
str 3 1 | {str.}[:{small}] | -
str 2 2 | {str.}[::2] | -
str 2 2 | {str.}[{int}:] | -
str 2 2 | {str.}[:{int}] | -
str 1 3 | {str.}[{int}:{int}] | -
str 1 2 | {str.}[-{small}:] | -
str 4 1 | {str+} + {str+} | =
str 3 1 | {str+} + {char+} | =+1
str 2 1 | {char+} + {str+} | 1
str 2 2 | {str+} * {small} | =
str 1 3 | {str+} * {few} | -
str 1 2 | {str.}.center({width}, {fill}) | 8
str 1 2 | {str.}.ljust({width}, {fill}) | 8
str 1 2 | {str.}.rjust({width}, {fill}) | 8
str 1 3 | {str.}.ljust({int}) | -
str 1 3 | {str.}.rjust({int}, {fill}) | -
str 1 3 | {str.}.center({int}) | -
str 1 2 | {str.}.zfill({width}) | 8
str 1 2 | {str.}.casefold() | =
str 1 2 | {str.}.expandtabs({small}) | -
str 3 2 | {str.}.removeprefix({str}) | -
str 1 2 | {str.}.removesuffix({str}) | -
str 2 2 | {str.}.partition({sep})[0] | -
str 1 2 | {str.}.partition({sep})[2] | -
str 2 3 | {str.}.rpartition({sep})[0] | -
str 1 3 | {str.}.rpartition({char})[-1] | -
str 2 2 | {str.}.split({sep})[0] | -
str 2 2 | {str.}.split({sep})[-1] | -
str 3 2 | {sep}.join({strs}) | -
str 3 2 | ''.join({strs}) | -
str 1 2 | ''.join(sorted({str})) | =
str 1 2 | ''.join(reversed({str})) | =
str 3 3 | {str.}.translate(str.maketrans({two}, {two})) | =
str 2 2 | str({int}) | 1
str 1 3 | f'{{str!}}{{int!}}' | 1
str 1 3 | f'{{str!}}-{{str!}}' | 1
str 1 3 | f'{{int!}}: {{str!}}' | 3
str 1 3 | '{} {}'.format({str}, {int}) | 2
str 1 3 | '{}{}'.format({str}, {str}) | -
str 1 4 | '{K}={V}'.format_map({'K': {str}, 'V': {int}}) | 2
str 1 4 | '%s=%d' % ({str}, {int}) | 2
str 2 3 | {str+} if {bool} else {str+} | -
str 2 3 | ''.join({char~x} for @x:char in {str} if {bool~x}) | -
str 2 3 | ''.join([{char~x} for @x:char in {str}]) | =
str 2 3 | {sep}.join({str~x} for @x:str in {strs}) | -
str 1 4 | ''.join(filter(str.isalpha, {str})) | -
str 1 4 | ' '.join(map(str.capitalize, {str.}.split())) | -
str 1 4 | {names.}.get({int}, {word}) | -
str 1 3 | max({strs!>1}, key=len) | -
str 1 3 | {strs!>1}[0] | -
str 1 3 | {strs!>1}[-1] | -
str 1 4 | bin({int})[2:] | 1
str 1 4 | {str.}.encode('utf-8').decode() | =
char 3 2 | {str!>1}[0] | 1
char 3 2 | {str!>1}[-1] | 1
char 3 1 | {char.}.upper() | 1
char 2 1 | {char.}.lower() | 1
char 2 2 | {char.}.swapcase() | 1
char 1 4 | chr(ord({char}) + 1) | 1
char 1 3 | min({str!>1}) | 1
char 1 3 | max({str!>1}) | 1
char 2 3 | {char+} if {bool} else {char+} | 1
char 2 3 | {str!>1}[{int+} % len($)] | -
strs 6 1 | list({str}) | =
strs 3 1 | {str.}.split() | -
strs 4 1 | {str.}.split({sep}) | 1
strs 1 2 | {str.}.split({sep}, {small}) | 1
strs 3 3 | {str.}.rsplit({sep}, 1) | 1
strs 3 2 | {str.}.splitlines() | -
strs 1 3 | list({str.}.partition({sep})) | 3
strs 1 3 | list({str.}.rpartition({sep})) | 3
strs 2 1 | {strs.}[::-1] | =
strs 2 1 | {strs.}[1:] | =-1
strs 1 1 | {strs.}[:-1] | =-1
strs 1 2 | {strs.}[:{int}] | -
strs 1 2 | {strs.}[::2] | -
strs 1 1 | sorted({strs}) | =
strs 1 2 | sorted({str}) | =
strs 1 3 | sorted({strs}, key=len) | =
strs 1 3 | sorted(set({str})) | 1
strs 1 4 | sorted({strs}, key=lambda @x:str: ({int~x}, @x)) | =
strs 2 2 | {strs+} + [{str}] | =+1
strs 1 2 | {strs+} + {strs+} | =
strs 1 3 | list(reversed({strs})) | =
strs 3 2 | [{str~x} for @x:str in {strs}] | =
strs 3 2 | [@x for @x:str in {strs} if {bool~x}] | -
strs 2 3 | [{str~x} for @x:char in {str} if {bool~x}] | -
strs 1 4 | list(map(str.upper, {strs})) | =
strs 1 4 | list(filter(str.isalpha, {strs})) | -
strs 1 3 | list(map(str, {ints})) | =
strs 2 3 | [str(@x) for @x:int in {ints}] | =
strs 2 2 | list({counts!}) | =
strs 2 2 | list({counts!.}.keys()) | =
strs 1 3 | sorted({counts!}) | =
strs 1 3 | [@x for @x:char in {counts!} if $[@x] {compare} {int=}] | -
strs 1 4 | [@x for @x:char, @y:int in {counts!.}.items() if @y {compare} {int=}] | -
strs 1 3 | sorted({strset}) | -
strs 1 4 | list(dict.fromkeys({str})) | 1
int 4 1 | len({str}) | =
int 1.5 1 | {str.}.count({char}) | 0
int 2 1 | {str.}.find({char}) | -1
int 1 2 | {str.}.rfind({char}) | -1
int 1 3 | {str.}.find({char}, {small}) | -1
int 3 2 | {str!.>1}.index($[-1]) | 0
int 3 2 | {str!.>1}.rindex($[0]) | 0
int 1 3 | len({str.}.split({sep})) | 1
int 1 2 | len(set({str})) | =
int 1 3 | ord({char}) - ord('a') | -
int 2 3 | sum({bool~x} for @x:char in {str}) | 0
int 1 3 | sum(1 for @x:char in {str} if {bool~x}) | 0
int 1 2 | {strs!.}.count({str}) | 0
int 2 1 | len({strs}) | =
bool 3 1 | {str.}.isupper() | -
bool 3 1 | {str.}.islower() | -
bool 3 1 | {str.}.isalpha() | -
bool 3 1 | {str.}.isdigit() | -
bool 2 1 | {str.}.isalnum() | -
bool 1 2 | {str.}.isspace() | -
bool 1 2 | {str.}.istitle() | -
bool 1 2 | {str.}.isnumeric() | -
bool 1 2 | {str.}.isdecimal() | -
bool 0.25 3 | {str.}.isascii() | -
bool 0.25 3 | {str.}.isidentifier() | -
bool 0.25 3 | {str.}.isprintable() | -
bool 4 1 | {str.}.startswith({char}) | -
bool 3 1 | {str.}.endswith({char}) | -
bool 2.5 1 | {char=} in {str=} | -
bool 1 1 | {char=} not in {str=} | -
bool 3 1 | {char=} == {char=} | -
bool 2 1 | {char=} != {char=} | -
bool 1 2 | {char=} in {vowels=} | -
bool 1 2 | {char=} > {char=} | -
bool 1 2 | {str!} == $[::-1] | -
bool 1 2 | {str=} in {strs=} | -
bool 0.5 2 | {str=} not in {strs=} | -
bool 3 1 | len({str!}) {compare} {int=} | -
"""
