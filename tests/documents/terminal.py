# Runs a shell script, read from standard input, on a terminal of its own, and answers what programs ask
# there. What the terminal shows goes to standard error. Exits as the shell does.
#
# Each argument is `PROMPT = TEXT`: when PROMPT has appeared, TEXT is typed. `{code}` in TEXT is a new
# code of an authenticator app, whose key was shown as `enter the key: KEY`; with `{code FILE}`, FILE
# contains the key. `{password}` is the password of the broker `default`, in WAXWING_TEST_PASSWORD.
import base64
import hashlib
import hmac
import os
import pty
import re
import signal
import struct
import sys
import tempfile
import time

password = os.environ.pop('WAXWING_TEST_PASSWORD', '')
answers = [argument.partition(' = ')[::2] for argument in sys.argv[1:]]
with tempfile.NamedTemporaryFile('w', suffix='.sh', dir='.', delete=False) as script:
    script.write(sys.stdin.read())

# The last step of each key whose code was used.
used = {}


def code_of(key):
    """The next code that was not used. Codes of the step before and of the next one are accepted."""
    step = int(time.time()) // 30
    step = max(step - 1, used.get(key, 0) + 1)
    while step > int(time.time()) // 30 + 1:
        time.sleep(0.2)
    used[key] = step
    digest = hmac.digest(base64.b32decode(key + '=' * (-len(key) % 8)), struct.pack('>Q', step), hashlib.sha1)
    start = digest[-1] & 15
    number = struct.unpack('>I', digest[start:start + 4])[0] & 0x7FFFFFFF
    return str(number % 1000000).zfill(6)


def typed(text, shown):
    def code(match):
        if match[1] is not None:
            with open(match[1], encoding='ascii') as file:
                return code_of(file.read().strip())
        return code_of(re.findall(r'enter the key: ([A-Z2-7]+)', shown)[-1])
    return re.sub(r'\{code(?: (\S+))?\}', code, text.replace('{password}', password))


child, terminal = pty.fork()
if child == 0:
    os.execvp('bash', ['bash', script.name])
shown = ''
seen = 0
while True:
    try:
        part = os.read(terminal, 65536)
    except OSError:  # the end, on Linux
        break
    if part == b'':
        break
    shown += part.decode('utf-8', 'replace')
    sys.stderr.buffer.write(part)
    sys.stderr.buffer.flush()
    while answers and answers[0][0] in shown[seen:]:
        prompt, text = answers.pop(0)
        seen = shown.index(prompt, seen) + len(prompt)
        os.write(terminal, (typed(text, shown) + '\n').encode())
_, status = os.waitpid(child, 0)
try:
    os.killpg(child, signal.SIGKILL)  # what it has left in the background
except ProcessLookupError:
    pass
os.unlink(script.name)
code = os.waitstatus_to_exitcode(status)
if answers and code == 0:
    sys.stderr.write('never asked: %s\n' % answers[0][0])
    code = 1
sys.exit(code if code >= 0 else 128 - code)
