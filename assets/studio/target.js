// Where a frame is drawn to, and how it gets in front of a person.

const BYTES = 4; // of a pixel
const ROW = 256; // rows of a copy begin at multiples of this, says WebGPU

/** Straight on the canvas: what every graphics card does. */
class Direct {
  #canvas;
  #context;

  constructor(device, canvas, format) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("webgpu");
    this.#context.configure({ device, format, alphaMode: "opaque" });
  }

  /** The texture to draw a picture of this side on. */
  begin(px) {
    if (this.#canvas.width !== px) this.#canvas.width = this.#canvas.height = px;
    return this.#context.getCurrentTexture();
  }

  async end(device, encoder) {
    device.queue.submit([encoder.finish()]);
  }

  release() {
    this.#context.unconfigure();
  }
}

/** Read back and painted: a processor that stands in for a graphics card shares no canvas with the rest of the page. */
class Copied {
  #device;
  #canvas;
  #pen;
  #side = 0;
  #texture = null;
  #buffer = null;
  #busy = false;

  constructor(device, canvas) {
    this.#device = device;
    this.#canvas = canvas;
    this.#pen = canvas.getContext("2d");
  }

  #resize(px) {
    this.release();
    this.#side = px;
    const usage = GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC;
    this.#texture = this.#device.createTexture({ size: [px, px], format: "rgba8unorm", usage });
    this.#buffer = this.#device.createBuffer({
      size: this.#rowBytes * px,
      usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
    });
  }

  get #rowBytes() {
    return Math.ceil((this.#side * BYTES) / ROW) * ROW;
  }

  /** `null` while the last frame is still on its way. */
  begin(px) {
    if (this.#busy) return null;
    if (this.#side !== px) this.#resize(px);
    return this.#texture;
  }

  async end(device, encoder) {
    const [buffer, side, rowBytes] = [this.#buffer, this.#side, this.#rowBytes];
    encoder.copyTextureToBuffer({ texture: this.#texture }, { buffer, bytesPerRow: rowBytes }, [side, side]);
    device.queue.submit([encoder.finish()]);
    this.#busy = true;
    try {
      await buffer.mapAsync(GPUMapMode.READ);
      const rows = new Uint8ClampedArray(buffer.getMappedRange());
      const picture = new ImageData(side, side);
      for (let y = 0; y < side; y++) picture.data.set(rows.subarray(y * rowBytes, y * rowBytes + side * BYTES), y * side * BYTES);
      buffer.unmap();
      // Only now: the last picture is gone with the canvas's size.
      if (this.#canvas.width !== side) this.#canvas.width = this.#canvas.height = side;
      this.#pen.putImageData(picture, 0, 0);
    } catch {
      // The device is lost; another one draws anew.
    }
    this.#busy = false;
  }

  release() {
    this.#texture?.destroy();
    this.#buffer?.destroy();
  }
}

const isStandIn = (device) => Boolean(device.adapterInfo?.isFallbackAdapter);

export const formatFor = (device) =>
  isStandIn(device) ? "rgba8unorm" : navigator.gpu.getPreferredCanvasFormat();

export const targetOn = (device, canvas, format) =>
  isStandIn(device) ? new Copied(device, canvas) : new Direct(device, canvas, format);
