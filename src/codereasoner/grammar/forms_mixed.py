"""The forms, changes and idioms of what calls hold besides: lists of anything, dicts of strings, of lists, by numbers.

The kinds are `anys` (a list of values of several kinds) and `any` (one of them), `lookup` (strings by strings), `table`
(lists of numbers by strings), `names` (strings by numbers) and `tally` (numbers by numbers). The notations are those of
forms.py, changes.py and idioms_text.py.
"""

TABLE = r"""
anys 4 1 | {anys!.}[::-1] | =
anys 3 1 | {anys!.}[1:] | =-1
anys 3 1 | {anys!.}[:-1] | =-1
anys 2 1 | {anys!.}[{small}:] | -
anys 2 1 | {anys!.}[:{small}] | -
anys 2 2 | {anys!.}[::2] | -
anys 3 1 | {anys!+} + [{int}] | =+1
anys 3 1 | {anys!+} + [{str}] | =+1
anys 2 2 | {anys!+} + {ints+} | =
anys 2 1 | {anys!.}.copy() | =
anys 1 2 | list(reversed({anys!})) | =
anys 1 2 | {anys!+} * 2 | =
anys 3 2 | [@x for @x:any in {anys!} if {bool~x}] | -
any 2 1 | {anys!>1}[0] | -
any 2 1 | {anys!>1}[-1] | -
int 3 1 | len({anys!}) | =
int 2 1 | {anys!.}.count({any!}) | 0
int 1 2 | sum(isinstance(@x, int) for @x:any in {anys!}) | 0
bool 2 1 | {any!=} in {anys!=} | -
bool 1 1 | {str=} in {anys!=} | -
bool 1 2 | bool({anys!}) | -
bool 2 1 | isinstance({any!}, int) | -
bool 2 1 | isinstance({any!}, str) | -
bool 1 1 | {any!=} is None | -
bool 1 1 | {any!=} is not None | -
bool 1 1 | bool({any!}) | -
str 2 1 | str({any!}) | 1
str 1 2 | f'{{any!}}' | -
strs 2 2 | [str(@x) for @x:any in {anys!}] | =
strs 2 2 | [@x for @x:any in {anys!} if isinstance(@x, str)] | -
strs 1 3 | list(map(str, {anys!})) | =
ints 2 2 | [@x for @x:any in {anys!} if isinstance(@x, int)] | -
str 1 1 | {lookup!.}.get({str}, {word}) | -
strs 3 1 | list({lookup!.}.values()) | =
strs 3 1 | list({lookup!}) | =
strs 2 2 | sorted({lookup!}) | =
strs 2 3 | [@x for @x:str, @y:str in {lookup!.}.items() if {bool~y}] | -
str 2 2 | {sep}.join({lookup!.}.values()) | -
int 3 1 | len({lookup!}) | =
bool 2 1 | {str=} in {lookup!=} | -
bool 1 2 | {str=} not in {lookup!=} | -
lookup 2 1 | {lookup!.}.copy() | =
lookup 2 2 | {@x: {str~y} for @x:str, @y:str in {lookup!.}.items()} | =
lookup 2 2 | {@y: @x for @x:str, @y:str in {lookup!.}.items()} | -
lookup 2 2 | {@x: @y for @x:str, @y:str in {lookup!.}.items() if {bool~y}} | -
lookup 2 3 | {@x: {str~x} for @x:str in {strs}} | -
lookup 1 2 | {lookup!+} | {{str}: {str}} | 1
lookup 1 3 | dict(sorted({lookup!.}.items())) | =
lookup 1 3 | dict(zip({strs}, {strs})) | -
ints 1 1 | {table!.}.get({str}, []) | -
strs 3 1 | list({table!}) | =
int 3 1 | len({table!}) | =
int 2 2 | sum(len(@y) for @y:ints in {table!.}.values()) | 0
int 2 2 | sum(map(sum, {table!.}.values())) | -
bool 2 1 | {str=} in {table!=} | -
counts 2 2 | {@x: len(@y) for @x:str, @y:ints in {table!.}.items()} | =
counts 2 2 | {@x: sum(@y) for @x:str, @y:ints in {table!.}.items()} | =
nested 2 2 | list({table!.}.values()) | =
table 2 1 | {table!.}.copy() | =
table 2 2 | {@x: {ints~y} for @x:str, @y:ints in {table!.}.items()} | =
strs 3 1 | list({names!.}.values()) | =
int 3 1 | len({names!}) | =
names 2 1 | {names!.}.copy() | =
names 1 3 | {@x: {str~y} for @x:int, @y:str in {names!.}.items()} | =
names 1 3 | dict(sorted({names!.}.items())) | =
tally 2 1 | {tally!.}.copy() | =
tally 1 3 | dict(sorted({tally!.}.items())) | =
int 1 2 | sum({tally!.}.values()) | -
bool 1 2 | bool({tally!}) | -
"""

CHANGES = r"""
anys 4 1 +1 | $s.append({int})
anys 4 1 +1 | $s.append({str})
anys 2 1 +1 | $s.insert(0, {str})
anys 2 2 +1 | $s.insert({small}, {int})
anys 3 1 -1 | $s.pop()
anys 2 1 -1 | $s.pop(0)
anys 3 1 +0 | $s.reverse()
anys 2 2 +1 | $s.extend({ints})
anys 1 2 +0 | $s[0] = {int}
anys 1 2 +0 | $s[-1] = None
anys 1 2 +0 | $s[0], $s[-1] = $s[-1], $s[0]
lookup 4 1 +0 | $s[{str}] = {str}
lookup 2 2 -1 | $s.pop({str}, None)
lookup 2 2 +0 | $s.setdefault({str}, {str})
lookup 1 2 +0 | $s.update({lookup!})
table 3 1 +0 | $s[{str}] = {ints}
table 2 2 -1 | $s.pop({str}, None)
table 3 2 +0 | $s.setdefault({str}, []).append({int})
names 4 1 +0 | $s[{int}] = {str}
names 2 2 -1 | $s.pop({int}, None)
names 1 2 +0 | $s.setdefault({int}, {str})
tally 4 1 +0 | $s[{int}] = {int}
tally 2 2 -1 | $s.pop({int}, None)
tally 1 2 +0 | $s.setdefault({int}, {int})
"""

UPDATES = r"""
lookup 3 3 | $r[{str~c}] = {str}
"""

IDIOMS = r"""
anys 3 3 > r:strs ; c:any
$r = []
for $c in $s:
    if isinstance($c, str):
        $r.append($c)

anys 2 3 > r:strs ; c:any
$r = []
for $c in $s:
    if isinstance($c, int):
        $r.append(str($c))
    elif isinstance($c, str):
        $r.append({str~c})

anys 3 3 > r:int ; c:any
$r = 0
for $c in $s:
    if {bool~c}:
        $r += 1

anys 2 3 > r:anys ; c:any
$r = []
for $c in $s:
    if $c not in $r:
        $r.append($c)

anys 2 3 > r:anys ; c:any
$r = []
for $c in $s:
    if {bool~c}:
        $r.insert(0, $c)
    else:
        $r.append($c)

lookup 4 3 > r:strs ; k:str v:str
$r = []
for $k, $v in $s.items():
    if {bool~v}:
        $r.append({str~k})

lookup 3 3 > r:lookup ; k:str v:str
$r = {}
for $k, $v in $s.items():
    $r[{str~v}] = {str~k}

lookup 3 3 > r:str ; k:str v:str
$r = ''
for $k, $v in $s.items():
    block r v

lookup 2 3 > r:int ; k:str v:str
$r = 0
for $k, $v in $s.items():
    if $k in $v:
        $r += len({str~v})

intset 1 4 > r:ints ; x:int
$r = []
for $x in sorted($s):
    block r x
$s.clear()

intset 2 4 > r:ints ; x:int
$r = []
while $s:
    $x = $s.pop()
    block r x

ints 1 4 > r:ints ; x:int
$r = []
for $x in $s:
    block r x
$s.clear()

lookup 1 4 > r:strs ; k:str v:str
$r = []
for $k, $v in $s.items():
    block r v
$s.clear()

names 1 4 > r:ints ; k:int v:str
$r = []
for $k, $v in $s.items():
    block r k
$s.clear()

tally 1 4 > r:int ; k:int v:int
$r = 0
for $k, $v in $s.items():
    block r v
$s.clear()

table 4 3 > r:counts ; k:str v:ints
$r = {}
for $k, $v in $s.items():
    $r[$k] = {int~v}

table 3 3 > r:ints ; k:str v:ints
$r = []
for $k, $v in $s.items():
    $r.extend({ints~v})

table 2 4 > r:strs ; k:str v:ints
$r = []
for $k, $v in $s.items():
    if {bool~v}:
        $r.append({str~k})
"""
