// What `POST /api/v1/scene` answers, taken apart: the header, and each section as the bytes a binding holds. The format is
// described in the program's `render/screen.rs`.

const MAGIC = 0x3153434d; // "MCS1", little-endian
const ALIGNMENT = 16;

/** @param {ArrayBuffer} packed */
export function readScene(packed) {
  const words = new DataView(packed);
  if (packed.byteLength < 8 || words.getUint32(0, true) !== MAGIC) {
    throw new Error("not a scene");
  }
  const headerBytes = words.getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(packed, 8, headerBytes)));
  const start = Math.ceil((8 + headerBytes) / ALIGNMENT) * ALIGNMENT;
  const sections = {};
  for (const { name, offset, bytes, texture } of header.sections) {
    sections[name] = { bytes: new Uint8Array(packed, start + offset, bytes), texture };
  }
  return {
    theme: header.theme,
    sizePx: header.size_px,
    fps: header.fps,
    frames: header.frames,
    timedParts: header.timed_parts,
    paramPlaces: header.params,
    sections,
  };
}

/** The same scene in a picture of another side: what else a scene holds does not depend on it. */
export function sized(scene, px) {
  if (px === scene.sizePx) return scene;
  const { bytes, texture } = scene.sections.look;
  const look = bytes.slice();
  // `Look` begins with the side.
  new DataView(look.buffer).setFloat32(0, px, true);
  return { ...scene, sizePx: px, sections: { ...scene.sections, look: { bytes: look, texture } } };
}
