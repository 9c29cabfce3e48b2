# A publisher with confirms, over pika. It connects again whenever something fails, and prints which
# messages were confirmed. Variables: URL, CA_FILE, PREFIX, QUEUE.

import os
import ssl
import time

import pika

prefix, queue = os.environ['PREFIX'], os.environ['QUEUE']
parameters = pika.URLParameters(os.environ['URL'])
context = ssl.create_default_context(cafile=os.environ['CA_FILE'])
parameters.ssl_options = pika.SSLOptions(context, 'localhost')
parameters.heartbeat = 5
parameters.socket_timeout = 5
parameters.blocked_connection_timeout = 60
persistent = pika.BasicProperties(delivery_mode=2)
number = 0


def publish(channel):
    global number
    channel.confirm_delivery()
    while True:
        number += 1
        body = f'{prefix} {number} {"":200}'.encode()
        # Raises unless it was confirmed.
        channel.basic_publish('', queue, body, persistent, mandatory=True)
        print(f'confirmed {number} {number}', flush=True)
        time.sleep(0.02)


while True:
    try:
        connection = pika.BlockingConnection(parameters)
        publish(connection.channel())
    except Exception as error:
        print(f'failed {type(error).__name__}', flush=True)
        time.sleep(0.2)
