//! The adapter and the device: a graphics card if there is one, else Mesa's lavapipe on the processor.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::RenderError;
use super::shaders::{ANY_PART, Pipelines, STILL_ONLY};
use crate::flow::ThemeShader;

/// `--adapter`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AdapterChoice {
    /// A graphics card, else the processor.
    #[default]
    Auto,
    Gpu,
    Cpu,
}

impl fmt::Display for AdapterChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Gpu => "gpu",
            Self::Cpu => "cpu",
        })
    }
}

impl FromStr for AdapterChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "gpu" => Ok(Self::Gpu),
            "cpu" => Ok(Self::Cpu),
            _ => Err("there is no such adapter; choose auto, gpu or cpu".to_owned()),
        }
    }
}

/// What was found, for people and for `doctor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterFacts {
    pub name: String,
    pub driver: String,
    pub is_cpu: bool,
}

impl AdapterFacts {
    fn of(info: &wgpu::AdapterInfo) -> Self {
        Self {
            name: info.name.clone(),
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
            is_cpu: info.device_type == wgpu::DeviceType::Cpu,
        }
    }
}

/// `llvmpipe (CPU)` or `NVIDIA H200 (GPU)`.
impl fmt::Display for AdapterFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.split(" (").next().unwrap_or(&self.name);
        write!(f, "{name} ({})", if self.is_cpu { "CPU" } else { "GPU" })
    }
}

/// Room for all themes of the program and as many of strangers; beyond that strangers' are compiled anew.
const MAX_KEPT_THEMES: usize = 16;

/// Where a theme's pipelines are put when they are compiled.
type Place = Arc<Mutex<Option<Arc<Pipelines>>>>;

/// An open device. Costs a few tenths of a second to make: a service makes one and keeps it.
pub struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    facts: AdapterFacts,
    /// The first error the device reported outside a call; `Renderer` turns it into its own.
    trouble: Arc<Mutex<Option<String>>>,
    /// It no longer answers: whoever waits for it waits for ever.
    is_lost: AtomicBool,
    /// Compiled themes: a service draws the same few again and again.
    pipelines: Mutex<HashMap<Arc<ThemeShader>, Place>>,
}

impl Gpu {
    pub fn open(choice: AdapterChoice) -> Result<Self, RenderError> {
        Self::open_as(choice, true)
    }

    /// Reads frames back through a copy, as from a graphics card, also where they could be read in place. For trying that
    /// way on the processor.
    pub fn open_copying(choice: AdapterChoice) -> Result<Self, RenderError> {
        Self::open_as(choice, false)
    }

    fn open_as(choice: AdapterChoice, in_place: bool) -> Result<Self, RenderError> {
        let adapters = choose(list(&vulkan_instance()), choice)?;
        let mut refused = None;
        for adapter in adapters {
            match Self::open_adapter(&adapter, in_place) {
                Ok(gpu) => return Ok(gpu),
                Err(error) => {
                    tracing::warn!(%error, "an adapter could not be opened");
                    refused.get_or_insert(error);
                }
            }
        }
        Err(refused.unwrap_or(RenderError::NoVulkan))
    }

    /// The adapter at this place in [`Gpu::list`], whatever it is.
    pub fn open_nth(place: usize) -> Result<Self, RenderError> {
        let adapters = list(&vulkan_instance());
        Self::open_adapter(adapters.get(place).ok_or(RenderError::NoVulkan)?, true)
    }

    fn open_adapter(adapter: &wgpu::Adapter, in_place: bool) -> Result<Self, RenderError> {
        let facts = AdapterFacts::of(&adapter.get_info());
        let mut features = wgpu::Features::empty();
        if facts.is_cpu && in_place {
            // The processor's memory is the card's memory: frames are read where they were drawn.
            features |= wgpu::Features::MAPPABLE_PRIMARY_BUFFERS & adapter.features();
        }
        let limits = wgpu::Limits {
            max_storage_buffer_binding_size: adapter.limits().max_storage_buffer_binding_size.min(512 << 20),
            max_buffer_size: adapter.limits().max_buffer_size.min(512 << 20),
            ..wgpu::Limits::default()
        };
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("musiccircles"),
            required_features: features,
            required_limits: limits,
            memory_hints: wgpu::MemoryHints::MemoryUsage,
            ..Default::default()
        };
        let (device, queue) =
            pollster::block_on(adapter.request_device(&descriptor)).map_err(|error| RenderError::Device {
                adapter: facts.to_string(),
                reason: one_line(&error.to_string()),
            })?;
        let trouble = Arc::new(Mutex::new(None));
        let remember = |place: &Arc<Mutex<Option<String>>>| {
            let place = Arc::clone(place);
            move |text: String| {
                place
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .get_or_insert(one_line(&text));
            }
        };
        let on_error = remember(&trouble);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| on_error(error.to_string())));
        let on_lost = remember(&trouble);
        device.set_device_lost_callback(move |reason, message| {
            if reason != wgpu::DeviceLostReason::Destroyed {
                on_lost(message);
            }
        });
        Ok(Self {
            device,
            queue,
            facts,
            trouble,
            is_lost: AtomicBool::new(false),
            pipelines: Mutex::default(),
        })
    }

    pub fn facts(&self) -> &AdapterFacts {
        &self.facts
    }

    /// Every Vulkan adapter of this machine.
    pub fn list() -> Vec<AdapterFacts> {
        list(&vulkan_instance())
            .iter()
            .map(|adapter| AdapterFacts::of(&adapter.get_info()))
            .collect()
    }

    /// Whether a storage buffer can be mapped and read in place.
    pub(super) fn maps_in_place(&self) -> bool {
        self.device
            .features()
            .contains(wgpu::Features::MAPPABLE_PRIMARY_BUFFERS)
    }

    /// An empty buffer of `size` bytes.
    pub(super) fn buffer(&self, label: &str, size: u64, usage: wgpu::BufferUsages) -> wgpu::Buffer {
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size,
            usage,
            mapped_at_creation: false,
        })
    }

    pub(super) fn encoder(&self, label: &str) -> wgpu::CommandEncoder {
        self.device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some(label) })
    }

    /// An error the device reported since it was opened, if any.
    pub(super) fn check(&self) -> Result<(), RenderError> {
        match self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            None => Ok(()),
            Some(reason) => Err(self.lost(reason)),
        }
    }

    pub(super) fn lost(&self, reason: String) -> RenderError {
        self.is_lost.store(true, Ordering::Relaxed);
        RenderError::Lost {
            adapter: self.facts.to_string(),
            reason,
        }
    }

    /// Compiles a theme before its first scene is known, so that it is ready when the song is decoded.
    pub fn prepare(&self, shader: &Arc<ThemeShader>, parts: u32, cancel: &AtomicBool) -> Result<(), RenderError> {
        let pipelines = self.pipelines(shader)?;
        for part in (1..=parts).chain([STILL_ONLY]) {
            // Who stopped it asks for nothing more.
            if cancel.load(Ordering::Relaxed) {
                break;
            }
            pipelines.nv12(&self.device, part)?;
        }
        Ok(())
    }

    /// The same for [`Renderer::single`](super::Renderer::single), which takes one pipeline.
    pub fn prepare_single(&self, shader: &Arc<ThemeShader>) -> Result<(), RenderError> {
        self.pipelines(shader)?.nv12(&self.device, ANY_PART).map(|_| ())
    }

    pub(super) fn pipelines(&self, shader: &Arc<ThemeShader>) -> Result<Arc<Pipelines>, RenderError> {
        let place = {
            let mut known = self.pipelines.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= MAX_KEPT_THEMES && !known.contains_key(shader) {
                known.retain(|shader, _| shader.trusted);
            }
            Arc::clone(known.entry(Arc::clone(shader)).or_default())
        };
        // Who wants the same theme waits; who wants another does not.
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipelines) = &*place {
            return Ok(Arc::clone(pipelines));
        }
        Ok(Arc::clone(
            place.insert(Arc::new(Pipelines::compile(&self.device, shader)?)),
        ))
    }
}

/// The last one to let go of a device waits until it has done all it was given. Of a lost one nobody knows when that is: it is
/// let go of by a thread that has nothing else to do.
impl Drop for Gpu {
    fn drop(&mut self) {
        if *self.is_lost.get_mut() {
            let (device, queue) = (self.device.clone(), self.queue.clone());
            let waiting = std::thread::Builder::new().name("lost device".to_owned());
            if let Err(error) = waiting.spawn(move || drop((queue, device))) {
                tracing::warn!(%error, "a lost device is waited for");
            }
        }
    }
}

fn vulkan_instance() -> wgpu::Instance {
    wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: wgpu::Backends::VULKAN,
        flags: wgpu::InstanceFlags::empty(),
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    })
}

fn list(instance: &wgpu::Instance) -> Vec<wgpu::Adapter> {
    pollster::block_on(instance.enumerate_adapters(wgpu::Backends::VULKAN))
}

/// The adapters to try, the best first; never none.
fn choose(mut adapters: Vec<wgpu::Adapter>, choice: AdapterChoice) -> Result<Vec<wgpu::Adapter>, RenderError> {
    if adapters.is_empty() {
        return Err(RenderError::NoVulkan);
    }
    let rank = |adapter: &wgpu::Adapter| match adapter.get_info().device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    };
    adapters.sort_by_key(rank);
    let found = adapters
        .iter()
        .map(|adapter| AdapterFacts::of(&adapter.get_info()).to_string());
    let found = found.collect::<Vec<_>>().join(", ");
    adapters.retain(|adapter| match choice {
        AdapterChoice::Auto => true,
        AdapterChoice::Gpu => rank(adapter) < 4,
        AdapterChoice::Cpu => rank(adapter) == 4,
    });
    match choice {
        AdapterChoice::Gpu if adapters.is_empty() => Err(RenderError::NoGpu { found }),
        AdapterChoice::Cpu if adapters.is_empty() => Err(RenderError::NoSoftwareAdapter { found }),
        _ => Ok(adapters),
    }
}

/// Driver messages come in many lines; people get one.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
