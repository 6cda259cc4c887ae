// Draws the frames of a scene by WebGPU with the theme's own shader: what is still is baked once into a buffer, a frame is
// then one triangle. The bindings are those of the program's renderer.

import { formatFor, targetOn } from "./target.js";

const BAKE_WORKGROUP = 16; // `@workgroup_size` of `bake`
const BLOCK = [4, 2]; // pixels `bake` counts together
const STILL_BYTES = 16;

/** The graphics device, or null where there is none that will do. */
export async function openDevice() {
  try {
    const adapter = await navigator.gpu?.requestAdapter();
    return (await adapter?.requestDevice()) ?? null;
  } catch {
    return null;
  }
}

/** The compiled shaders of a device, one pair of pipelines a theme. */
export class Shaders {
  #device;
  #format;
  #themes = new Map();

  constructor(device) {
    this.#device = device;
    this.#format = formatFor(device);
  }

  get device() {
    return this.#device;
  }

  get format() {
    return this.#format;
  }

  /** @param {() => Promise<string>} fetchText is called once a theme */
  theme(name, timedParts, fetchText) {
    if (!this.#themes.has(name)) {
      const compiled = this.#compile(name, timedParts, fetchText);
      compiled.catch(() => this.#themes.delete(name));
      this.#themes.set(name, compiled);
    }
    return this.#themes.get(name);
  }

  async #compile(name, timedParts, fetchText) {
    const device = this.#device;
    const module = device.createShaderModule({ label: name, code: await fetchText() });
    const { COMPUTE, FRAGMENT } = GPUShaderStage;
    const layout = (visibility, kinds) =>
      device.createBindGroupLayout({
        entries: kinds.map((kind, binding) => ({ binding, visibility, ...kind })),
      });
    const uniform = { buffer: { type: "uniform" } };
    const read = { buffer: { type: "read-only-storage" } };
    const write = { buffer: { type: "storage" } };
    const texture = { texture: {} };
    const scene = layout(COMPUTE | FRAGMENT, [uniform, uniform, read, read, texture, texture, { sampler: {} }, texture]);
    const bake = layout(COMPUTE, [write, write, write, uniform]);
    const screen = layout(FRAGMENT, [read, uniform]);
    const constants = { TIMED_PARTS: timedParts };
    const joined = (own) => device.createPipelineLayout({ bindGroupLayouts: [scene, own] });
    const [bakePipeline, screenPipeline] = await Promise.all([
      device.createComputePipelineAsync({
        layout: joined(bake),
        compute: { module, entryPoint: "bake", constants },
      }),
      device.createRenderPipelineAsync({
        layout: joined(screen),
        vertex: { module, entryPoint: "whole_picture" },
        fragment: { module, entryPoint: "screen", constants, targets: [{ format: this.#format }] },
      }),
    ]);
    return { layouts: { scene, bake, screen }, bake: bakePipeline, screen: screenPipeline };
  }
}

/** Draws one scene after another on one canvas. */
export class Painter {
  #shaders;
  #target;
  #shown = null;

  constructor(shaders, canvas) {
    this.#shaders = shaders;
    this.#target = targetOn(shaders.device, canvas, shaders.format);
  }

  get scene() {
    return this.#shown?.scene ?? null;
  }

  /** Takes a scene; the last one stays on the canvas until a frame of this one is drawn. */
  async take(scene, fetchText) {
    const theme = await this.#shaders.theme(scene.theme, scene.timedParts, fetchText);
    const before = this.#shown;
    this.#shown = this.#upload(scene, theme);
    before?.owned.forEach((resource) => resource.destroy());
    this.#bake();
  }

  /** Sets the floats of a parameter; `false` where the scene has none of this name. */
  setParam(name, values) {
    const place = this.#shown?.scene.paramPlaces[name];
    if (place === undefined) return false;
    const { bytes } = this.#shown.scene.sections.params;
    // Also in the scene, which may be taken again.
    new Float32Array(bytes.buffer, bytes.byteOffset + place * 4, values.length).set(values);
    this.#shaders.device.queue.writeBuffer(this.#shown.params, 0, bytes);
    this.#bake();
    return true;
  }

  /** A promise of the frame on the canvas; `null` when there is no scene, or the last frame is still being drawn. */
  draw(frame) {
    const shown = this.#shown;
    const texture = shown && this.#target.begin(shown.scene.sizePx);
    if (!texture) return null;
    const { device } = this.#shaders;
    const number = Math.min(Math.max(Math.floor(frame), 0), shown.scene.frames - 1);
    device.queue.writeBuffer(shown.frame, 0, new Uint32Array([number]));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view: texture.createView(), loadOp: "clear", storeOp: "store", clearValue: [0, 0, 0, 1] }],
    });
    pass.setPipeline(shown.theme.screen);
    pass.setBindGroup(0, shown.sceneGroup);
    pass.setBindGroup(1, shown.screenGroup);
    pass.draw(3);
    pass.end();
    return this.#target.end(device, encoder);
  }

  #upload(scene, theme) {
    const { device } = this.#shaders;
    const { UNIFORM, STORAGE, COPY_DST } = GPUBufferUsage;
    const owned = [];
    const empty = (size, usage) => {
      const buffer = device.createBuffer({ size: Math.max(Math.ceil(size / 4) * 4, 16), usage: usage | COPY_DST });
      owned.push(buffer);
      return buffer;
    };
    const filled = (name, usage) => {
      const { bytes } = scene.sections[name];
      const buffer = empty(bytes.length, usage);
      device.queue.writeBuffer(buffer, 0, bytes);
      return buffer;
    };
    const texture = (name) => {
      const { bytes, texture } = scene.sections[name];
      const { format, width, height } = texture;
      const usage = GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST;
      const made = device.createTexture({ size: [width, height], format, usage });
      device.queue.writeTexture({ texture: made }, bytes, { bytesPerRow: bytes.length / height }, [width, height]);
      owned.push(made);
      return made.createView();
    };
    const pixels = scene.sizePx * scene.sizePx;
    const blocks = Math.ceil(scene.sizePx / BLOCK[0]) * Math.ceil(scene.sizePx / BLOCK[1]);
    const params = filled("params", UNIFORM);
    const stills = empty(pixels * STILL_BYTES, STORAGE);
    const frame = empty(4, UNIFORM);
    const group = (layout, resources) =>
      device.createBindGroup({
        layout,
        entries: resources.map((resource, binding) => ({
          binding,
          resource: resource instanceof GPUBuffer ? { buffer: resource } : resource,
        })),
      });
    const sceneGroup = group(theme.layouts.scene, [
      filled("look", UNIFORM),
      params,
      filled("moments", STORAGE),
      filled("envelope", STORAGE),
      texture("cover_texture"),
      texture("text_texture"),
      device.createSampler({ magFilter: "linear", minFilter: "linear" }),
      texture("lyrics_texture"),
    ]);
    // Which blocks move, and when, saves the program work; a graphics card draws the whole picture as fast.
    const uncounted = [empty(blocks * 4, STORAGE), empty(blocks * 8, STORAGE)];
    const bakeGroup = group(theme.layouts.bake, [stills, ...uncounted, empty(4, UNIFORM)]);
    const screenGroup = group(theme.layouts.screen, [stills, frame]);
    return { scene, theme, params, frame, sceneGroup, bakeGroup, screenGroup, owned };
  }

  #bake() {
    const { scene, theme, sceneGroup, bakeGroup } = this.#shown;
    const { device } = this.#shaders;
    const groups = Math.ceil(scene.sizePx / BAKE_WORKGROUP);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(theme.bake);
    pass.setBindGroup(0, sceneGroup);
    pass.setBindGroup(1, bakeGroup);
    pass.dispatchWorkgroups(groups, groups);
    pass.end();
    device.queue.submit([encoder.finish()]);
  }
}
