"""Which module a config builds."""

from __future__ import annotations

from torch import nn

from diptych.networks._config import NetworkConfig
from diptych.networks.cam_patchgan import CAMPatchGAN
from diptych.networks.degradation import Degradation
from diptych.networks.denoiser import Denoiser
from diptych.networks.mobile import Mobile
from diptych.networks.modules.block_denoiser import DenoiserModule
from diptych.networks.modules.cam_patchgan import CAMPatchGANModule
from diptych.networks.modules.degradation import DegradationModule
from diptych.networks.modules.mobile import MobileModule
from diptych.networks.modules.patchgan import PatchGANModule
from diptych.networks.modules.planner import PlannerModule
from diptych.networks.modules.refiner import RefinerModule
from diptych.networks.modules.resnet import ResNetModule
from diptych.networks.modules.ugatit import UGATITModule
from diptych.networks.modules.unet import UNetModule
from diptych.networks.patchgan import PatchGAN
from diptych.networks.planner import Planner
from diptych.networks.refiner import Refiner
from diptych.networks.resnet import ResNet
from diptych.networks.ugatit import UGATIT
from diptych.networks.unet import UNet

_MODULES: dict[type[NetworkConfig], type[nn.Module]] = {
    CAMPatchGAN: CAMPatchGANModule,
    Degradation: DegradationModule,
    Denoiser: DenoiserModule,
    Mobile: MobileModule,
    PatchGAN: PatchGANModule,
    Planner: PlannerModule,
    Refiner: RefinerModule,
    ResNet: ResNetModule,
    UGATIT: UGATITModule,
    UNet: UNetModule,
}


def module_class(config: NetworkConfig) -> type[nn.Module]:
    """Return the class of the module that a config builds."""
    return _MODULES[type(config)]
