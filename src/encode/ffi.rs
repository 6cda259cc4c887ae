//! What ffmpeg-next has no safe call for: options by name, libav's log, and uploading frames to VAAPI. All `unsafe` of
//! this step lies here, behind types that own what they point to.

use std::cell::RefCell;
use std::ffi::{CString, c_int};
use std::ptr;
use std::sync::Once;

use ffmpeg_next::{Error, codec, encoder, ffi, frame};

thread_local! {
    static COMPLAINTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Keeps libav's log off stderr from now on: warnings and errors are kept per thread for [`take_complaints`], where
/// [`log`] can read them.
pub fn keep_log_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Without it libav's error codes have no text.
        ffmpeg_next::util::error::register_all();
        log::catch();
    });
}

/// What libav warned of on this thread since the last call.
pub fn take_complaints() -> Vec<String> {
    COMPLAINTS.with_borrow_mut(std::mem::take)
}

/// libav's log, line by line. A C function's `...` arrives as another type on every processor; this is the one of x86-64.
#[cfg(all(target_arch = "x86_64", unix))]
mod log {
    use std::ffi::{CStr, c_char, c_int, c_void};
    use std::ptr;

    use ffmpeg_next::ffi;

    use super::COMPLAINTS;

    /// Lines kept per thread; the first ones usually carry the reason, later ones follow from it.
    const KEPT_LINES: usize = 8;
    /// Longer lines are cut.
    const LINE_BYTES: usize = 512;

    pub fn catch() {
        // SAFETY: `keep_line` has the signature libav asks for, is valid for the life of the process and may be called
        // from any thread: it touches only its own thread's list.
        unsafe { ffi::av_log_set_callback(Some(keep_line)) }
    }

    unsafe extern "C" fn keep_line(
        _context: *mut c_void,
        level: c_int,
        format: *const c_char,
        arguments: *mut ffi::__va_list_tag,
    ) {
        if level > ffi::AV_LOG_WARNING {
            return;
        }
        let mut line = [0 as c_char; LINE_BYTES];
        // No "[libx264 @ 0x...]" before the text: these lines are shown to people.
        let mut prefix = 0;
        // SAFETY: libav gives us its own context, format and arguments, untouched; `line` is writable for the length told
        // and comes back with a terminating zero.
        let text = unsafe {
            ffi::av_log_format_line2(
                ptr::null_mut(),
                level,
                format,
                arguments,
                line.as_mut_ptr(),
                LINE_BYTES as c_int,
                &raw mut prefix,
            );
            CStr::from_ptr(line.as_ptr())
        };
        let text = text.to_string_lossy().trim().trim_end_matches('.').to_owned();
        // At the end of a thread its list may be gone: then the line is lost. A panic must not cross into C, and none of
        // these calls can raise one: nothing else borrows the list while libav runs.
        let _ = COMPLAINTS.try_with(|lines| {
            if let Ok(mut lines) = lines.try_borrow_mut()
                && lines.len() < KEPT_LINES
                && !text.is_empty()
            {
                lines.push(text);
            }
        });
    }
}

/// Elsewhere the log is silenced: an error then says what its code means, not what libav added to it.
#[cfg(not(all(target_arch = "x86_64", unix)))]
mod log {
    pub fn catch() {
        // SAFETY: sets a number that any thread may set.
        unsafe { ffmpeg_next::ffi::av_log_set_level(ffmpeg_next::ffi::AV_LOG_QUIET) }
    }
}

/// An unopened context with the named encoder's own options at their defaults. `None`: not in this libavcodec.
pub fn context_for(codec_name: &str) -> Option<codec::Context> {
    encoder::find_by_name(codec_name).map(codec::Context::new_with_codec)
}

/// Sets an option by name, the encoder's own before the general ones, and says why it cannot be set.
pub fn set_option(context: &mut codec::Context, name: &str, value: &str) -> Result<(), String> {
    let (Ok(c_name), Ok(c_value)) = (CString::new(name), CString::new(value)) else {
        return Err(format!("the option {name} contains a zero byte"));
    };
    // SAFETY: the context is valid while borrowed and begins with its AVClass; both strings end in zero and are copied.
    let result = unsafe {
        ffi::av_opt_set(
            context.as_mut_ptr().cast(),
            c_name.as_ptr(),
            c_value.as_ptr(),
            ffi::AV_OPT_SEARCH_CHILDREN as c_int,
        )
    };
    if result < 0 {
        Err(format!("{name}={value}: {}", Error::from(result)))
    } else {
        Ok(())
    }
}

/// Makes sure that writing into the frame changes nobody else's copy: an encoder may still hold the last one.
pub fn make_writable(frame: &mut frame::Video) -> Result<(), Error> {
    // SAFETY: the frame is valid while borrowed, and owns its buffers by reference count.
    match unsafe { ffi::av_frame_make_writable(frame.as_mut_ptr()) } {
        0.. => Ok(()),
        error => Err(Error::from(error)),
    }
}

/// A reference to one of libav's counted buffers, given back when dropped.
struct Counted(*mut ffi::AVBufferRef);

// SAFETY: the count is atomic, and hardware contexts may be used from any one thread at a time.
unsafe impl Send for Counted {}

impl Drop for Counted {
    fn drop(&mut self) {
        // SAFETY: we own exactly this reference; unref takes null as well.
        unsafe { ffi::av_buffer_unref(&raw mut self.0) }
    }
}

/// A pool of frames on the VAAPI device that an encoder reads from.
pub struct VaapiFrames {
    /// It holds the device too: ours may go as soon as the pool is made.
    frames: Counted,
}

impl VaapiFrames {
    /// Frames an encoder may hold at once: its queue (`async_depth`), its references and one to fill.
    const POOL: c_int = 8;

    /// Opens the first device, makes a pool of NV12 frames and tells `context` to encode from it.
    pub fn attach(context: &mut codec::Context, side_px: u32) -> Result<Self, Error> {
        let mut device = Counted(ptr::null_mut());
        // SAFETY: `device` receives a new reference that it owns; no name and no options: the first device.
        let opened = unsafe {
            ffi::av_hwdevice_ctx_create(
                &raw mut device.0,
                ffi::AVHWDeviceType::AV_HWDEVICE_TYPE_VAAPI,
                ptr::null(),
                ptr::null_mut(),
                0,
            )
        };
        if opened < 0 {
            return Err(Error::from(opened));
        }
        // SAFETY: the device is valid; the answer is a new reference or null.
        let frames = Counted(unsafe { ffi::av_hwframe_ctx_alloc(device.0) });
        if frames.0.is_null() {
            return Err(Error::Other { errno: ffi::ENOMEM });
        }
        // SAFETY: a frames reference's data is an AVHWFramesContext, not shared before `init`; the context takes a
        // reference of its own, which it gives back when it is freed.
        let result = unsafe {
            let pool = (*frames.0).data.cast::<ffi::AVHWFramesContext>();
            (*pool).format = ffi::AVPixelFormat::AV_PIX_FMT_VAAPI;
            (*pool).sw_format = ffi::AVPixelFormat::AV_PIX_FMT_NV12;
            (*pool).width = side_px as c_int;
            (*pool).height = side_px as c_int;
            (*pool).initial_pool_size = Self::POOL;
            let result = ffi::av_hwframe_ctx_init(frames.0);
            if result >= 0 {
                (*context.as_mut_ptr()).hw_frames_ctx = ffi::av_buffer_ref(frames.0);
            }
            result
        };
        if result < 0 {
            Err(Error::from(result))
        } else {
            Ok(Self { frames })
        }
    }

    /// Copies an NV12 frame to the device.
    pub fn upload(&self, from: &frame::Video) -> Result<frame::Video, Error> {
        let mut on_device = frame::Video::empty();
        // SAFETY: both frames are valid while borrowed; `on_device` is empty and receives buffers of our pool, which
        // has the size and format of `from`.
        let result = unsafe {
            match ffi::av_hwframe_get_buffer(self.frames.0, on_device.as_mut_ptr(), 0) {
                0 => ffi::av_hwframe_transfer_data(on_device.as_mut_ptr(), from.as_ptr(), 0),
                error => error,
            }
        };
        if result < 0 {
            return Err(Error::from(result));
        }
        on_device.set_pts(from.pts());
        Ok(on_device)
    }
}
