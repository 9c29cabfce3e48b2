# Runs commands of the AWS CLI in one process, because loading it takes a second. Each line of the
# input is JSON: the arguments, the environment, and the working directory. Each line of the output is
# JSON, too: the exit code, and what was printed.
import contextlib
import functools
import importlib
import inspect
import io
import json
import os
import sys

from awscli.clidriver import create_clidriver

# The CLI names the folder of its data when it is loaded, behind the folders that the environment
# names.
own_data = os.environ['AWS_DATA_PATH'].split(os.pathsep)[-1]

# Reading the descriptions of a service takes four fifths of a command: they are read once for each
# value of AWS_DATA_PATH.
for name in ('awscli.botocore.session', 'botocore.session'):
    try:
        session = importlib.import_module(name)
    except ImportError:
        continue
    session.create_loader = functools.lru_cache(session.create_loader)


# Version 2 looks at the arguments before it makes the driver; version 1 does not.
takes_arguments = bool(inspect.signature(create_clidriver).parameters)


def run(arguments, environment, folder):
    os.chdir(folder)
    folders = [environment.get('AWS_DATA_PATH'), own_data]
    os.environ.clear()
    os.environ.update(environment)
    os.environ['AWS_DATA_PATH'] = os.pathsep.join(filter(None, folders))
    streams = [io.TextIOWrapper(io.BytesIO(), 'utf-8') for _ in range(2)]
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        try:
            driver = create_clidriver(*([arguments] if takes_arguments else []))
            code = driver.main(arguments)
        except SystemExit as end:
            code = end.code
    texts = []
    for stream in streams:
        stream.flush()
        texts.append(stream.buffer.getvalue().decode('utf-8'))
    return {'code': code or 0, 'stdout': texts[0], 'stderr': texts[1]}


for line in sys.stdin:
    sys.__stdout__.write(json.dumps(run(*json.loads(line))) + '\n')
    sys.__stdout__.flush()
