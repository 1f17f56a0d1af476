"""The forms that give numbers, lists, dicts, sets, tuples and answers about them. The notation: see forms.py."""

TABLE = r"""
int 5 1 | {int+} + {int+} | -
int 6 1 | {int+} - {int+} | -
int 3 1 | {int+} * {small} | -
int 2 1 | {int+} % {small} | 0
int 2 1 | {int+} // {small} | -
int 1 3 | {int+} ** 2 | 0
int 2 2 | {int+} % {int+!>1} | 0
int 1 3 | {int+} // {int+!>1} | -
int 2 2 | abs({int}) | 0
int 1 2 | max({int}, {int}) | -
int 1 2 | min({int}, {int}) | -
int 1 3 | -{int.} | -
int 1 4 | {int.}.bit_length() | 0
int 0.2 4 | {int.}.bit_count() | 0
int 0.1 4 | {int.}.conjugate() | -
int 0.1 4 | {int.}.as_integer_ratio()[0] | -
int 0.1 4 | {int!.>1}.to_bytes(3, 'big')[-1] | 0
int 0.1 4 | int.from_bytes(bytes({ints.}[:2]), 'big') | 0
int 0.1 4 | len({str.}.encode()) | =
int 0.2 4 | {int+} & {int+} | -
int 0.2 4 | {int+} | {int+} | -
int 0.2 4 | {int+} ^ {int+} | -
int 0.2 4 | {int+} << {few} | -
int 0.2 4 | {int+} >> {bit} | -
int 0.1 4 | {float.}.as_integer_ratio()[1] | 1
int 1 4 | divmod({int}, {small})[0] | -
int 1 4 | pow({int+}, 2) | 0
int 1 4 | int(str({int})[-1]) | 0
int 4 3 | {int+} if {bool} else {int+} | -
int 4 1 | len({ints}) | =
int 1.5 1 | sum({ints}) | -
int 1 1 | max({ints!>1}) | -
int 1 1 | min({ints!>1}) | -
int 3 1 | {ints!>1}[0] | -
int 3 1 | {ints!>1}[-1] | -
int 1 2 | {ints!>2}[1] | -
int 2 2 | {ints!>1}[{int+} % len($)] | -
int 1.5 1 | {ints.}.count({int}) | 0
int 1 3 | {ints!.>1}.index(max($)) | 0
int 1 3 | {ints!.>1}.index($[-1]) | 0
int 1 3 | sum({int~x} for @x:int in {ints}) | -
int 1 3 | sum(@x for @x:int in {ints} if {bool~x}) | -
int 1 4 | len([@x for @x:int in {ints} if {bool~x}]) | 0
int 2 2 | len({counts!}) | =
int 2 2 | sum({counts!.}.values()) | -
int 2 2 | {counts!.}.get({str}, 0) | -
int 1 2 | max({counts!.>1}.values()) | -
int 2 2 | len({intset}) | -
int 1 3 | len({strset}) | -
int 1 3 | len({groups!}) | -
int 1 3 | sum({intset}) | -
int 1 3 | len({tup}) | =
int 2 2 | {tup!.}.count({int}) | 0
int 1 3 | {tup!>1}[0] | -
int 1 3 | {tup!.>1}.index($[-1]) | 0
int 1 3 | {tup!>1}[-1] | -
int 1 3 | sum({tup}) | -
int 1 4 | sum(len(@x) for @x:ints in {nested}) | -
int 1 4 | round({float}) | -
int 1 4 | int({float}) | -
float 3 2 | {int+} / {small} | -
float 2 2 | round({float}, 1) | -
float 2 2 | {float+} + {int+} | -
float 2 2 | {float+} * {small} | -
float 2 3 | sum({ints!>1}) / len($) | -
float 1 2 | abs({float}) | -
float 0.5 3 | {float+} - {float+} | -
float 0.25 3 | {float+} / {small} | -
float 0.25 3 | {float+} // {small} | -
float 0.25 3 | {float+} % {small} | -
float 0.25 3 | {float+} ** 2 | -
float 0.1 4 | {float.}.conjugate() | -
float 0.1 4 | {float+} + float.fromhex('0x1.8p1') | -
bool 0.25 3 | {int=} < {int=} | -
bool 0.25 3 | {int=} > {int=} | -
bool 0.25 3 | {float=} < {float=} | -
bool 0.5 3 | {int=} <= {int=} | -
bool 0.5 3 | {int=} >= {int=} | -
bool 0.25 3 | {str=} < {str=} | -
bool 0.25 3 | {float=} == {float=} | -
bool 0.5 3 | {intset=} <= {intset=} | -
bool 0.25 4 | {ints=} < {ints=} | -
bool 0.25 4 | {ints=} != {ints=} | -
bool 0.25 4 | {counts=} == {counts=} | -
bool 0.25 4 | {tup=} == {tup=} | -
float 1 3 | max({float}, {float}) | -
bool 1 3 | {float.}.is_integer() | -
bool 0.25 2 | {float=} > {int=} | -
bool 5 1 | {int=} {compare} {int=} | -
bool 3 1 | {int+} % 2 == 0 | -
bool 2 1 | {int+} % {small} == {bit} | -
bool 4 1 | {int=} == {int=} | -
bool 1 1 | {int=} != {int=} | -
bool 2 1 | {int=} in {ints=} | -
bool 0.5 1 | {int=} not in {ints=} | -
bool 1 2 | len({ints!}) {compare} {int=} | -
bool 1 3 | any({bool~x} for @x:int in {ints}) | -
bool 1 3 | all({bool~x} for @x:char in {str}) | -
bool 1 3 | any({bool~x} for @x:char in {str}) | -
bool 1 4 | all({bool~x} for @x:int in {ints}) | -
bool 16 3 | {bool=} and {bool=} | -
bool 10 3 | {bool=} or {bool=} | -
bool 1 3 | not {bool+} | -
bool 1 2 | bool({ints!}) | -
bool 2 2 | {str=} in {counts!=} | -
bool 1 2 | {str=} not in {counts!=} | -
bool 1 3 | {int=} in {names!=} | -
bool 3 2 | {int=} in {intset=} | -
bool 2 2 | {char=} in {strset=} | -
bool 2 3 | {intset.}.issubset({intset}) | -
bool 1 3 | {intset.}.issuperset({intset}) | -
bool 2 3 | {intset.}.isdisjoint({intset}) | -
bool 2 2 | {int=} in {tup=} | -
bool 1 3 | {tup+} < {tup+} | -
bool 1 3 | {ints!} == $[::-1] | -
bool 1 3 | {intset+} == {intset+} | -
ints 4 1 | {ints.}[::-1] | =
ints 4 1 | {ints.}[1:] | =-1
ints 3 1 | {ints.}[:-1] | =-1
ints 2 1 | {ints.}[{small}:] | -
ints 2 1 | {ints.}[:{small}] | -
ints 2 2 | {ints.}[::2] | -
ints 2 2 | {ints.}[{int}:] | -
ints 2 2 | {ints.}[:{int}] | -
ints 1 3 | {ints.}[{int}:{int}] | -
ints 1.5 1 | sorted({ints}) | =
ints 1 2 | sorted({ints}, reverse=True) | =
ints 2 2 | list(reversed({ints})) | =
ints 4 1 | {ints+} + [{int}] | =+1
ints 2 1 | [{int}] + {ints+} | 1
ints 2 2 | {ints+} + {ints+} | =
ints 1 2 | {ints+} * 2 | =
ints 3 1 | {ints!.}.copy() | =
ints 3 2 | [{int~x} for @x:int in {ints}] | =
ints 3 2 | [@x for @x:int in {ints} if {bool~x}] | -
ints 2 3 | [{int~x} for @x:int in {ints} if {bool~x}] | -
ints 2 3 | [len(@x) for @x:str in {strs}] | =
ints 1 4 | [{int~x} for @x:char in {str}] | =
ints 1 4 | [@x + @y for @x:int, @y:int in zip({ints}, {ints})] | -
ints 1 4 | [@x * @y for @x:int, @y:int in enumerate({ints})] | =
ints 1 4 | [@x for @x:int, @y:char in enumerate({str}) if @y == {char=}] | -
ints 1 4 | list(map(lambda @x:int: {int~x}, {ints})) | =
ints 1 4 | list(filter(lambda @x:int: {bool~x}, {ints})) | -
ints 1 4 | list(map(len, {strs})) | =
ints 2 2 | list(range({int})) | -
ints 1 3 | list(range({bit}, {int}, {small})) | -
ints 1 3 | sorted({ints}, key=lambda @x:int: {int~x}) | =
ints 1 3 | sorted(set({ints})) | -
ints 2 2 | sorted({intset}) | -
ints 2 2 | list({counts!.}.values()) | =
ints 1 3 | sorted({counts!.}.values()) | =
ints 1 3 | list({tup}) | =
ints 1 4 | sum({nested}, []) | -
ints 1 4 | [{int~x} for @x:ints in {nested}] | =
ints 1 4 | [int(@x) for @x:char in {str} if @x.isdigit()] | -
ints 1 4 | list({names!.}.keys()) | =
nested 2 3 | [{ints}, {ints}] | 2
nested 2 3 | [{ints~x} for @x:ints in {nested!}] | =
nested 1 3 | {nested.}[::-1] | =
nested 1 4 | [[@x, @x * {small}] for @x:int in {ints}] | =
nested 1 4 | [{ints}[:@x] for @x:int in range({small})] | -
pairs 3 3 | list({counts!.}.items()) | =
pairs 2 3 | sorted({counts!.}.items()) | =
pairs 1 4 | sorted({counts!.}.items(), key=lambda @x:pair: @x[1]) | =
pairs 2 3 | list(zip({strs}, {ints})) | -
pairs 2 3 | [(@x, {int~x}) for @x:str in {strs}] | =
pairs 1 4 | [({str~x}, @y) for @x:char, @y:int in {counts!.}.items()] | =
counts 2 2 | dict.fromkeys({str}, {small}) | =
counts 2 3 | {@x: {int~x} for @x:char in {str}} | 1
counts 2 3 | {@x: {str!.}.count(@x) for @x:char in $} | 1
counts 1 3 | {@x: {int~x} for @x:str in {strs}} | -
counts 1 3 | dict(zip({strs}, {ints})) | -
counts 2 2 | {counts!.}.copy() | =
counts 1 3 | dict(sorted({counts!.}.items())) | =
counts 1 4 | {@x: @y for @x:char, @y:int in {counts!.}.items() if @y {compare} {int=}} | -
counts 1 4 | {@x: @y + {small} for @x:char, @y:int in {counts!.}.items()} | =
counts 1 4 | {counts!+} | {{char}: {int}} | 1
ints 3 3 | list({tally!}) | =
ints 2 3 | sorted({tally!}) | =
ints 2 3 | [@x for @x:int, @y:int in {tally!.}.items() if @y {compare} {int=}] | -
ints 2 3 | list({tally!.}.values()) | =
int 3 3 | len({tally!}) | =
int 2 3 | max({tally!.>1}.values()) | -
int 2 3 | {tally!.}.get({int}, 0) | 0
bool 2 3 | {int=} in {tally!=} | -
tally 1 3 | {@x: @y for @x:int, @y:int in {tally!.}.items() if @y {compare} {int=}} | -
tally 1 3 | {@x: {int~x} for @x:int in {ints}} | =
names 2 3 | dict(enumerate({str})) | =
names 1 3 | {@x: {str~x} for @x:int in {ints}} | -
names 1 4 | {@y: @x for @x:char, @y:int in {counts!.}.items()} | -
names 1 3 | {len(@x): @x for @x:str in {strs}} | -
intset 3 2 | set({ints}) | -
intset 2 3 | {intset+} | {intset+} | -
intset 2 3 | {intset+} & {intset+} | -
intset 2 3 | {intset+} - {intset+} | -
intset 1 4 | {intset+} ^ {intset+} | -
intset 1 3 | {intset.}.union({ints}) | -
intset 1 3 | {intset.}.intersection({ints}) | -
intset 1 3 | {intset.}.difference({ints}) | -
intset 1 4 | {intset.}.symmetric_difference({ints}) | -
intset 1 3 | {intset!.}.copy() | -
intset 1 3 | {{int~x} for @x:int in {ints}} | -
strset 3 2 | set({str}) | -
strset 1 3 | set({strs}) | -
strset 1 3 | {strset+} & {strset+} | -
strset 1 3 | {strset+} - {strset+} | -
strset 1 3 | {{char~x} for @x:char in {str}} | -
tup 3 2 | tuple({ints}) | =
tup 2 2 | {tup+} + ({int},) | =+1
tup 2 2 | {tup.}[::-1] | =
tup 2 2 | {tup.}[1:] | =-1
tup 1 3 | {tup+} * 2 | =
tup 2 2 | ({int}, {int}) | 2
tup 1 3 | tuple(sorted({tup})) | =
tup 1 4 | tuple(@x for @x:int in {tup} if {bool~x}) | -
tup 1 4 | tuple({int~x} for @x:int in {ints}) | =
tup 1 4 | divmod({int}, {small}) | 2
pair 2 3 | ({str}, {int}) | 2
pair 1 4 | max({counts!.>1}.items()) | 2
"""
