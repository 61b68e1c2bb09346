// What relucones_book.inline.sealed closed.  No secret, only out of sight.

export function opened(sealed, key) {
  const mask = new TextEncoder().encode(key);
  const mixed = Uint8Array.from(atob(sealed), (c) => c.charCodeAt(0));
  return new TextDecoder().decode(
    mixed.map((byte, k) => byte ^ mask[k % mask.length] ^ ((31 * k + 7) % 256)),
  );
}
