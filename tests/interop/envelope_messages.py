"""Messages of the AWS Encryption SDK, format 2, with the suite 0x0478, by boto3 and `cryptography`.

Usage: envelope_messages.py seal KEY_ARN CONTEXT | envelope_messages.py open
The plaintext or the message is the standard input, the other one the standard output.
"""
import json
import os
import struct
import sys

import boto3
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SUITE = 0x0478  # AES-256-GCM, HKDF with SHA-512, key commitment, no signature
FRAME_BYTES = 4096
FINAL = 0xFFFFFFFF

kms = boto3.client('kms', endpoint_url=os.environ['AWS_ENDPOINT_URL'],
                   verify=os.environ['AWS_CA_BUNDLE'])


def derive(data_key, message_id, info):
    return HKDF(algorithm=hashes.SHA512(), length=32, salt=message_id, info=info).derive(data_key)


def keys_of(data_key, message_id):
    """The key that encrypts, and the commitment to it."""
    suite = struct.pack('>H', SUITE)
    return (derive(data_key, message_id, suite + b'DERIVEKEY'),
            derive(data_key, message_id, b'COMMITKEY'))


def sized(data):
    return struct.pack('>H', len(data)) + data


def context_bytes(context):
    pairs = sorted((key.encode(), value.encode()) for key, value in context.items())
    if not pairs:
        return b''
    return struct.pack('>H', len(pairs)) + b''.join(sized(k) + sized(v) for k, v in pairs)


def frame_data(message_id, is_final, number, size):
    name = b'AWSKMSEncryptionClient ' + (b'Final Frame' if is_final else b'Frame')
    return message_id + name + struct.pack('>IQ', number, size)


def seal(key_arn, context, plaintext):
    made = kms.generate_data_key(KeyId=key_arn, NumberOfBytes=32, EncryptionContext=context)
    message_id = os.urandom(32)
    key, commitment = keys_of(made['Plaintext'], message_id)
    wrapped = sized(b'aws-kms') + sized(made['KeyId'].encode()) + sized(made['CiphertextBlob'])
    head = (struct.pack('>BH', 2, SUITE) + message_id + sized(context_bytes(context))
            + struct.pack('>H', 1) + wrapped + struct.pack('>BI', 2, FRAME_BYTES) + commitment)
    cipher = AESGCM(key)
    message = head + cipher.encrypt(bytes(12), b'', head)
    number = 0
    while True:
        number += 1
        frame = plaintext[(number - 1) * FRAME_BYTES:number * FRAME_BYTES]
        is_final = number * FRAME_BYTES >= len(plaintext)
        nonce = number.to_bytes(12, 'big')
        sealed = cipher.encrypt(nonce, frame, frame_data(message_id, is_final, number, len(frame)))
        if not is_final:
            message += struct.pack('>I', number) + nonce + sealed
            continue
        return (message + struct.pack('>II', FINAL, number) + nonce
                + struct.pack('>I', len(frame)) + sealed)


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        taken = self.data[self.at:self.at + size]
        assert len(taken) == size, 'the message is too short'
        self.at += size
        return taken

    def number(self, size):
        return int.from_bytes(self.take(size), 'big')

    def sized(self):
        return self.take(self.number(2))


def context_in(data):
    if not data:
        return {}
    reader = Reader(data)
    return {reader.sized().decode(): reader.sized().decode() for _ in range(reader.number(2))}


def open_message(message):
    reader = Reader(message)
    assert (reader.number(1), reader.number(2)) == (2, SUITE), 'another version or suite'
    message_id = reader.take(32)
    context = context_in(reader.sized())
    wrapped = [(reader.sized(), reader.sized(), reader.sized()) for _ in range(reader.number(2))]
    assert reader.number(1) == 2, 'not in frames'
    frame_bytes = reader.number(4)
    commitment = reader.take(32)
    head = message[:reader.at]
    [(provider, key_arn, ciphertext)] = wrapped
    assert provider == b'aws-kms'
    opened = kms.decrypt(KeyId=key_arn.decode(), CiphertextBlob=ciphertext,
                         EncryptionContext=context)
    key, expected = keys_of(opened['Plaintext'], message_id)
    assert commitment == expected, 'the message commits to another key'
    cipher = AESGCM(key)
    cipher.decrypt(bytes(12), reader.take(16), head)
    plaintext = b''
    while True:
        number = reader.number(4)
        is_final = number == FINAL
        if is_final:
            number = reader.number(4)
        nonce = reader.take(12)
        size = reader.number(4) if is_final else frame_bytes
        data = frame_data(message_id, is_final, number, size)
        plaintext += cipher.decrypt(nonce, reader.take(size + 16), data)
        if is_final:
            return plaintext


text = sys.stdin.buffer.read()
if sys.argv[1] == 'seal':
    sys.stdout.buffer.write(seal(sys.argv[2], json.loads(sys.argv[3]), text))
else:
    sys.stdout.buffer.write(open_message(text))
