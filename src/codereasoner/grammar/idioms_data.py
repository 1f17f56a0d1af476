"""Loops and branches that people write about numbers, lists, dicts, sets and tuples, as templates.

An idiom is a head, `reads weight level > result ; others`, and lines; empty lines stand between idioms. `$s` is what it
reads, `$r` its result, the other names are those of the head: `c:char` a new variable, `e:char=$s[$i]` a piece of code
that counts as one. `{str~s}` must mention `$s`; `block r c` stands for statements that update `$r` and mention `$c`. An
idiom without a result changes `$s`. `ints>1` reads a list that is known to hold at least one item.
"""

IDIOMS = r"""
ints 9 3 > r:ints ; x:int
$r = []
for $x in {ints~s}:
    block r x

ints 7 3 > r:int ; x:int
$r = 0
for $x in {ints~s}:
    block r x

ints 4 3 > r:tally ; x:int
$r = {}
for $x in {ints~s}:
    $r[$x] = $r.get($x, 0) + 1

ints 5 3 > r:ints ; i:int e:int=$s[$i]
$r = []
for $i in range(len($s)):
    block r e

ints 4 3 > ; i:int
for $i in range(len($s)):
    $s[$i] = $s[$i] {arith} {int+}

ints 3 4 > ; i:int
for $i in range(len($s)):
    if $s[$i] {compare} {int=}:
        $s[$i] = {int}

ints 3 4 > r:ints ; i:int x:int
$r = []
for $i, $x in enumerate({ints~s}):
    block r x

ints 2 4 > r:int ; i:int e:int=$s[$i]
$r = 0
for $i in range(0, len($s), {small}):
    block r e

ints 3 4 > r:ints ; x:int t:int
$r = []
$t = 0
for $x in $s:
    $t += $x
    $r.append($t)

ints>1 3 4 > r:int ; x:int
$r = $s[0]
for $x in $s[1:]:
    if $x > $r:
        $r = $x

ints 2 4 > r:ints ; x:int
$r = []
for $x in {ints~s}:
    if $x not in $r:
        $r.append($x)

ints 2 4 > r:intset ; x:int
$r = set()
for $x in {ints~s}:
    block r x

ints 2 4 > r:ints ; x:int a:ints
$r = []
for $x in $s:
    if $x in {ints!}:
        block r x

ints 2 5 > ; i:int j:int
for $i in range(len($s)):
    for $j in range(len($s) - 1):
        if $s[$j] > $s[$j + 1]:
            $s[$j], $s[$j + 1] = $s[$j + 1], $s[$j]

ints 2 5 > r:int ; i:int j:int
$r = 0
for $i in range(len($s)):
    for $j in range($i + 1, len($s)):
        if ($s[$i] + $s[$j]) % {small} == 0:
            $r += 1

ints 2 5 > r:ints ; i:int
$r = []
for $i in range(len($s) - 1):
    if $s[$i] {compare} $s[$i + 1]:
        $r.append($s[$i + 1] - $s[$i])

ints 6 4 >
while len($s) > {small}:
    $s.pop()

ints 4 4 > r:ints
$r = []
while $s:
    $r.append($s.pop())

ints 4 5 > r:ints ; x:int
$r = []
while $s:
    $x = $s.pop(0)
    block r x

ints 4 4 > ; q:int={int!}
while $q in $s:
    $s.remove($q)

ints 2 5 > r:ints ; i:int j:int
$i, $j = 0, len($s) - 1
while $i < $j:
    $s[$i], $s[$j] = $s[$j], $s[$i]
    $i += 1
    $j -= 1
$r = $s

ints 2 4 > r:ints ; x:int
$r = $s.copy()
for $x in $s:
    if {bool~x}:
        $r.remove($x)

ints>1 2 3 > r:int ; a:int
$a = max($s)
$r = $s.index($a)

ints 1 5 > r:groups ; x:int
$r = {'even': [], 'odd': []}
for $x in $s:
    if $x % 2 == 0:
        $r['even'].append($x)
    else:
        $r['odd'].append($x)

ints 1 5 > r:nested ; x:int t:ints
$r = []
$t = []
for $x in $s:
    $t.append($x)
    if len($t) == 2:
        $r.append($t)
        $t = []

counts 6 3 > r:strs ; k:str v:int
$r = []
for $k, $v in $s.items():
    if {bool~v}:
        $r.append({str~k})

counts 5 3 > r:int ; k:str v:int
$r = 0
for $k, $v in $s.items():
    block r v

counts 3 3 > r:counts ; k:str v:int
$r = {}
for $k, $v in $s.items():
    $r[{str~k}] = {int~v}

counts 3 3 > r:names ; k:str v:int
$r = {}
for $k, $v in $s.items():
    $r[$v] = $k

counts 3 3 > r:str ; k:str v:int=$s[$k]
$r = ''
for $k in $s:
    block r k

counts 3 4 > ; k:str
for $k in $s:
    $s[$k] {augment} {int}

counts 2 4 > ; k:str
for $k in list($s):
    if $s[$k] {compare} {int=}:
        del $s[$k]

counts 2 4 > ; k:str
for $k in list($s.keys()):
    if $k.startswith({char}):
        $s.pop($k)

counts 2 4 > r:groups ; k:str v:int
$r = {}
for $k, $v in $s.items():
    if $v not in $r:
        $r[$v] = []
    $r[$v].append($k)

counts 4 4 > r:int
$r = 0
while $s:
    $r += $s.popitem()[1]

counts 2 4 > r:pairs ; k:str v:int
$r = []
for $k, $v in sorted($s.items()):
    $r.append(($k, {int~v}))

counts 1 4 > r:counts ; k:str v:int
$r = {}
for $k, $v in $s.items():
    $r[$k] = $v {arith} {int+}
$s.clear()

counts 1 4 > r:int
$r = len($s)
$s.clear()

ints 1 4 > r:ints
$r = $s[::-1]
$s.clear()

intset 1 4 > r:ints
$r = sorted($s)
$s.clear()

intset 1 4 > r:int ; t:intset
$t = {{int~s}}
$r = $t.pop()

counts 1 4 > r:counts ; k:str v:int o:counts
$r = $s.copy()
for $k, $v in {counts!}.items():
    $r[$k] = $r.get($k, 0) + $v

int 4 3 > r:ints ; i:int
$r = []
for $i in range({int~s}):
    block r i

int 3 3 > r:int ; i:int
$r = 0
for $i in range(1, $s + 1):
    block r i

int 4 4 > r:ints
$r = []
while $s > 0:
    $r.append($s % {few})
    $s //= 2

int 4 4 > r:int
$r = 0
while $s > {small}:
    $s -= {few}
    $r += 1

int>1 2 4 > r:int ; c:char
$r = 0
for $c in str($s):
    $r += int($c)

int 2 4 > r:int
$r = 1
while $r < $s:
    $r *= 2

int 1 5 > r:ints ; a:int b:int i:int
$a, $b = 0, 1
$r = []
for $i in range($s):
    $r.append($a)
    $a, $b = $b, $a + $b

tup 5 3 > r:ints ; x:int
$r = []
for $x in {tup~s}:
    block r x

tup 4 3 > r:tup ; x:int
$r = ()
for $x in {tup~s}:
    block r x

tup 3 3 > r:int ; x:int
$r = 0
for $x in {tup~s}:
    block r x

tup 2 4 > r:tup ; i:int e:int=$s[$i]
$r = ()
for $i in range(len($s) - 1, -1, -1):
    block r e

tup>1 2 3 > r:tup ; a:int b:ints
$a, *$b = $s
$r = tuple($b) + ($a,)

intset 4 3 > r:int ; x:int
$r = 0
for $x in sorted($s):
    block r x

intset 3 3 > r:intset ; x:int
$r = set()
for $x in {intset~s}:
    block r x

intset 3 3 > r:ints ; x:int
$r = []
for $x in {ints!}:
    if $x in $s:
        block r x

intset 2 4 > r:ints
$r = []
while $s:
    $r.append(min($s))
    $s.remove(min($s))

nested 5 3 > r:ints ; x:ints
$r = []
for $x in $s:
    $r.append({int~x})

nested 3 3 > r:int ; x:ints
$r = 0
for $x in $s:
    block r x

nested 3 4 > r:ints ; x:ints y:int
$r = []
for $x in $s:
    for $y in $x:
        block r y

nested 2 4 > ; x:ints
for $x in $s:
    $x.append({int~x})

nested 1 4 > ; x:ints
for $x in $s:
    $x.sort()

pairs 4 3 > r:strs ; k:str v:int
$r = []
for $k, $v in $s:
    if {bool~v}:
        $r.append({str~k})

pairs 3 3 > r:counts ; k:str v:int
$r = {}
for $k, $v in $s:
    $r[{str~k}] = {int~v}

pairs 3 3 > r:int ; k:str v:int
$r = 0
for $k, $v in $s:
    block r v

tally 4 3 > r:ints ; k:int v:int
$r = []
for $k, $v in $s.items():
    if {bool~v}:
        $r.append({int~k})

tally 3 3 > r:int ; k:int v:int
$r = 0
for $k, $v in $s.items():
    block r v

tally 2 4 > ; k:int
for $k in $s:
    $s[$k] {augment} {int}

groups 3 4 > r:counts ; k:str v:ints
$r = {}
for $k, $v in $s.items():
    $r[$k] = len($v)

names 3 3 > r:str ; k:int v:str
$r = ''
for $k, $v in $s.items():
    block r v

names 2 3 > r:ints ; k:int v:str
$r = []
for $k, $v in $s.items():
    if {bool~v}:
        $r.append({int~k})

float 4 3 > r:int
$r = 0
while $s > {small}:
    $s -= {few}
    $r += 1
"""
