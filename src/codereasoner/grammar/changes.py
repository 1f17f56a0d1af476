"""The forms of statements: what is done to a variable in place, and how an accumulator takes in one more value.

CHANGES, one line each: kind, weight, level, what becomes of the least length, and the statement. `$s` is the variable,
`{int}` a hole as in forms.py. UPDATES: `{str~c}` mentions what the block of a loop is about.
"""

CHANGES = r"""
ints 5 1 +1 | $s.append({int})
ints 2 1 +1 | $s.insert(0, {int})
ints 2 2 +1 | $s.insert({small}, {int})
ints 3 1 -1 | $s.pop()
ints 2 1 -1 | $s.pop(0)
ints 3 1 +0 | $s.reverse()
ints 4 1 +0 | $s.sort()
ints 2 2 +0 | $s.sort(reverse=True)
ints 2 2 +1 | $s.extend({ints})
ints 2 2 +1 | $s.extend([{int}, {int}])
ints 2 1 +1 | $s += [{int}]
ints 2 1 +0 | $s[0] = {int}
ints 2 1 +0 | $s[-1] = {int}
ints 2 2 +0 | $s[0], $s[-1] = $s[-1], $s[0]
ints 1 2 +0 | $s[0] += {int}
ints 1 2 -1 | $s.remove(max($s))
ints 1 2 -1 | del $s[0]
ints 1 3 -1 | del $s[-1]
ints 1 3 +0 | $s[1:2] = [{int}, {int}]
ints 1 4 -9 | del $s[::2]
ints 1 3 -9 | $s[{small}:] = [{int}]
ints 1 4 +0 | $s.sort(key=lambda x: -x)
strs 4 2 +1 | $s.append({str})
strs 2 2 +1 | $s.insert(0, {str})
strs 2 2 -1 | $s.pop()
strs 2 2 -1 | $s.pop(0)
strs 3 2 +0 | $s.reverse()
strs 3 2 +0 | $s.sort()
strs 1 3 +0 | $s.sort(key=len)
strs 1 3 +1 | $s.extend({str})
strs 1 2 +0 | $s[0] = {str}
strs 1 3 +0 | $s[-1] = $s[-1].upper()
strs 1 3 -1 | $s.remove(min($s))
counts 3 2 +0 | $s[{str}] = {int}
counts 2 2 -1 | $s.pop({str}, None)
counts 2 2 +0 | $s.update({counts!})
counts 2 2 +0 | $s.setdefault({str}, {int})
counts 2 3 -1 | $s.popitem()
counts 1 3 +0 | $s.update({{str}: {int}})
intset 4 2 +0 | $s.add({int})
intset 2 2 -1 | $s.discard({int})
intset 1 3 +0 | $s.update({ints})
intset 1 3 -9 | $s.difference_update({ints})
intset 1 3 -9 | $s.intersection_update({ints})
intset 1 4 -9 | $s.symmetric_difference_update({ints})
intset 1 3 -1 | $s.remove(min($s))
int 4 1 +0 | $s += {int}
int 2 1 -9 | $s -= {int}
int 2 1 -9 | $s *= {small}
int 1 2 -9 | $s //= {small}
int 1 2 -9 | $s %= {small}
float 2 2 -9 | $s += {int}
float 1 2 -9 | $s /= {small}
str 3 1 +1 | $s += {char}
str 2 1 +0 | $s += {str}
tup 2 2 +1 | $s += ({int},)
nested 3 3 +1 | $s.append({ints})
nested 1 3 +0 | $s.reverse()
nested 1 4 +0 | $s[0].append({int})
"""

UPDATES = r"""
strs 6 2 | $r.append({str~c})
strs 1 3 | $r.insert(0, {str~c})
strs 1 3 | $r += [{str~c}]
strs 1 4 | $r.extend([{str~c}, {str}])
ints 6 2 | $r.append({int~c})
ints 1 3 | $r.insert(0, {int~c})
ints 1 3 | $r += [{int~c}]
str 6 2 | $r += {str~c}
str 2 2 | $r = {str~c} + $r
int 5 2 | $r += {int~c}
int 2 3 | $r -= {int~c}
int 1 3 | $r = max($r, {int~c})
counts 3 3 | $r[{str~c}] = {int}
counts 1 3 | $r.setdefault({str~c}, {int})
groups 4 3 | $r.setdefault({str~c}, []).append({int})
names 3 3 | $r[{int~c}] = {str}
intset 4 2 | $r.add({int~c})
intset 1 3 | $r.discard({int~c})
strset 4 2 | $r.add({str~c})
pairs 4 3 | $r.append(({str~c}, {int}))
tup 3 3 | $r += ({int~c},)
nested 3 4 | $r.append([{int~c}, {int}])
float 3 3 | $r += {int+~c} / {small}
"""
