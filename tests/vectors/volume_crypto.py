"""The cryptography of a sealed volume: AES-256-GCM and HKDF-SHA-256."""
import ctypes, ctypes.util, hmac
try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError:
    AESGCM = None
    lib = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
    lib.EVP_CIPHER_CTX_new.restype = lib.EVP_aes_256_gcm.restype = ctypes.c_void_p


def decrypt(key, nonce, clear, sealed, tag):
    """AES-256-GCM; None where the tag is another."""
    if AESGCM:
        try:
            return AESGCM(key).decrypt(nonce, sealed + tag, clear)
        except InvalidTag:
            return None
    ctx, size = ctypes.c_void_p(lib.EVP_CIPHER_CTX_new()), ctypes.c_int()
    out = ctypes.create_string_buffer(len(sealed) + 16)
    lib.EVP_DecryptInit_ex(ctx, ctypes.c_void_p(lib.EVP_aes_256_gcm()), None, key, nonce)
    lib.EVP_DecryptUpdate(ctx, None, ctypes.byref(size), clear, len(clear))
    if sealed:
        lib.EVP_DecryptUpdate(ctx, out, ctypes.byref(size), sealed, len(sealed))
    lib.EVP_CIPHER_CTX_ctrl(ctx, 0x11, 16, tag)  # EVP_CTRL_AEAD_SET_TAG
    is_same = lib.EVP_DecryptFinal_ex(ctx, out, ctypes.byref(size)) == 1
    lib.EVP_CIPHER_CTX_free(ctx)
    return out.raw[:len(sealed)] if is_same else None


def hkdf(key, salt, info):
    """RFC 5869 with SHA-256: its first 32 bytes."""
    return hmac.digest(hmac.digest(salt or bytes(32), key, "sha256"), info + b"\x01", "sha256")
