"""Loops and branches that people write about strings and lists of strings, as templates.

An idiom is a head, `reads weight level > result ; others`, and lines; empty lines stand between idioms. `$s` is what it
reads, `$r` its result, the other names are those of the head: `c:char` a new variable, `e:char=$s[$i]` a piece of code
that counts as one. `{str~s}` must mention `$s`; `block r c` stands for statements that update `$r` and mention `$c`. An
idiom without a result changes `$s`. `ints>1` reads a list that is known to hold at least one item.
"""

IDIOMS = r"""
str 9 3 > r:strs ; c:char
$r = []
for $c in {str~s}:
    block r c

str 9 3 > r:str ; c:char
$r = ''
for $c in {str~s}:
    block r c

str 6 3 > r:int ; c:char
$r = 0
for $c in {str~s}:
    block r c

str 5 3 > r:counts ; c:char
$r = {}
for $c in {str~s}:
    $r[$c] = $r.get($c, 0) + 1

str 4 3 > r:counts ; c:char
$r = {}
for $c in {str~s}:
    if $c in $r:
        $r[$c] += 1
    else:
        $r[$c] = 1

str 2 4 > r:counts ; c:char
$r = {}
for $c in {str~s}:
    if $c not in $r:
        block r c

str 5 3 > r:strs ; i:int e:char=$s[$i]
$r = []
for $i in range(len($s)):
    block r e

str 5 3 > r:str ; i:int e:char=$s[$i]
$r = ''
for $i in range(len($s)):
    block r e

str 2 4 > r:str ; i:int e:char=$s[$i]
$r = ''
for $i in range(len($s) - 1, -1, -1):
    block r e

str 2 4 > r:str ; i:int e:char=$s[$i]
$r = ''
for $i in range(0, len($s), {small}):
    block r e

str 3 4 > r:strs ; i:int c:char
$r = []
for $i, $c in enumerate($s):
    block r c

str 3 4 > r:str ; i:int c:char
$r = ''
for $i, $c in enumerate({str~s}):
    if $i % {small} == 0:
        $r += $c.{case}()
    else:
        $r += $c

str 3 4 > r:strs ; w:str
$r = []
for $w in {str.~s}.split():
    block r w

str 2 4 > r:int ; w:str
$r = 0
for $w in {str.~s}.split({sep}):
    block r w

str 2 4 > r:groups ; i:int c:char
$r = {}
for $i, $c in enumerate($s):
    if $c not in $r:
        $r[$c] = []
    $r[$c].append($i)

str 2 4 > r:strset ; c:char
$r = set()
for $c in {str~s}:
    block r c

str 2 4 > r:strs ; c:char t:str
$r = []
$t = ''
for $c in $s:
    if {bool~c}:
        $r.append($t)
        $t = ''
    else:
        $t += $c
$r.append($t)

str 4 4 > ; q:char={char!}
while $s.startswith($q):
    $s = $s[1:]

str 4 4 > r:int
$r = 0
while $r < len($s) and $s[$r] != {char=}:
    $r += 1

str 4 4 > r:strs
$r = []
while len($s) > {small}:
    $r.append($s[:2])
    $s = $s[2:]

str 4 4 >
while len($s) > {width}:
    $s = $s[1:-1]

str 2 4 >
while len($s) < {width}:
    $s = $s + {char+}

str 2 5 > r:str ; i:int j:int
$i, $j = 0, len($s) - 1
$r = ''
while $i < $j:
    $r += $s[$i] + $s[$j]
    $i += 1
    $j -= 1

str 2 5 > r:int ; i:int e:char=$s[$i]
$r = 0
$i = 0
while $i < len($s):
    block r e
    $i += 1

str 1 5 > r:strs ; i:int j:int
$r = []
for $i in range(len($s)):
    for $j in range($i + 1, len($s)):
        if $s[$i] == $s[$j]:
            $r.append($s[$i])

str 2 3 > r:str ; a:str b:str m:str
$a, $m, $b = $s.partition({sep})
$r = $b + $m + $a

str 1 4 > r:strs
$r = list($s)
$r.reverse()

str 1 4 > r:strs ; i:int
$r = list($s)
for $i in range(0, len($r), 2):
    $r[$i] = $r[$i].upper()

str 2 4 > r:int ; c:char
try:
    $r = $s.index({char})
except ValueError:
    $r = {int}

str 1 5 > r:str ; c:char t:str
$r = ''
$t = ''
for $c in $s:
    if $c != $t:
        $r += $c
    $t = $c

str 1 5 > r:strs ; c:char k:int
$r = []
$k = 0
for $c in $s:
    if $c.isalpha():
        $k += 1
    elif $c.isdigit():
        $k -= 1
    $r.append(str($k))

strs 7 3 > r:strs ; w:str
$r = []
for $w in {strs~s}:
    block r w

strs 6 3 > r:str ; w:str
$r = ''
for $w in {strs~s}:
    block r w

strs 5 3 > r:int ; w:str
$r = 0
for $w in {strs~s}:
    block r w

strs 3 3 > r:counts ; w:str
$r = {}
for $w in {strs~s}:
    block r w

strs 3 4 > r:names ; w:str
$r = {}
for $w in {strs~s}:
    block r w

strs 2 4 > r:groups ; w:str
$r = {}
for $w in $s:
    $r.setdefault(len($w), []).append($w)

strs 2 4 > ; i:int
for $i in range(len($s)):
    $s[$i] = $s[$i].{case}()

strs 2 4 > r:strs ; i:int w:str
$r = []
for $i, $w in enumerate($s):
    block r w

strs 1 5 > r:strs ; w:str c:char
$r = []
for $w in $s:
    for $c in $w:
        block r c

strs>1 2 4 > r:str ; w:str
$r = $s[0]
for $w in $s:
    if len($w) > len($r):
        $r = $w

strset 3 3 > r:strs ; c:char
$r = []
for $c in sorted($s):
    block r c

strset 2 3 > r:int ; c:char
$r = 0
for $c in {str!}:
    if $c in $s:
        block r c
"""
