"""The same flags behind OpenFeature: `api.set_provider(CybercubeProvider(flags))`. Needs `cybercube[openfeature]`.

Whoever listens to PROVIDER_CONFIGURATION_CHANGED hears which flags changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional, Union

from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEventDetails
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.provider import AbstractProvider, Metadata

from cybercube.flags import Flags

ERRORS = {
    "FLAG_NOT_FOUND": ErrorCode.FLAG_NOT_FOUND,
    "PARSE_ERROR": ErrorCode.PARSE_ERROR,
    "TARGETING_KEY_MISSING": ErrorCode.TARGETING_KEY_MISSING,
}
Numbers = (int, float)


class CybercubeProvider(AbstractProvider):
    """Answers from memory."""

    def __init__(self, flags: Flags) -> None:
        super().__init__()
        self._flags = flags
        flags.on_change(self._changed)

    def _changed(self, keys: list[str]) -> None:
        self.emit_provider_configuration_changed(ProviderEventDetails(flags_changed=keys))

    def get_metadata(self) -> Metadata:
        """Its name."""
        return Metadata(name="cybercube")

    def shutdown(self) -> None:
        """Ends with the program's OpenFeature."""
        self._flags.close()

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: Optional[EvaluationContext] = None
    ) -> FlagResolutionDetails[bool]:
        """A boolean flag."""
        return self._resolve(flag_key, default_value, evaluation_context, lambda value: isinstance(value, bool))

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: Optional[EvaluationContext] = None
    ) -> FlagResolutionDetails[str]:
        """A text flag."""
        return self._resolve(flag_key, default_value, evaluation_context, lambda value: isinstance(value, str))

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: Optional[EvaluationContext] = None
    ) -> FlagResolutionDetails[int]:
        """A whole number."""
        return self._resolve(flag_key, default_value, evaluation_context, lambda value: type(value) is int)

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: Optional[EvaluationContext] = None
    ) -> FlagResolutionDetails[float]:
        """A number."""
        return self._resolve(flag_key, default_value, evaluation_context, lambda value: type(value) in Numbers)

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Union[Sequence[Any], Mapping[str, Any]],
        evaluation_context: Optional[EvaluationContext] = None,
    ) -> FlagResolutionDetails[Union[Sequence[Any], Mapping[str, Any]]]:
        """An object."""
        return self._resolve(flag_key, default_value, evaluation_context, lambda value: isinstance(value, (dict, list)))

    def _resolve(
        self, key: str, default: Any, context: Optional[EvaluationContext], fits: Any
    ) -> FlagResolutionDetails[Any]:
        asked: dict[str, Any] = {}
        if context is not None:
            asked = dict(context.attributes)
            if context.targeting_key:
                asked["targetingKey"] = context.targeting_key
        found = self._flags.details(key, asked)
        if found.error:
            code = ERRORS.get(found.error, ErrorCode.GENERAL)
            return FlagResolutionDetails(
                value=default, error_code=code, error_message=found.detail, reason=Reason.ERROR
            )
        if found.value is None:
            return FlagResolutionDetails(value=default, variant=found.variant, reason=found.reason)
        if not fits(found.value):
            said = f"{key} answers {type(found.value).__name__}"
            return FlagResolutionDetails(
                value=default, error_code=ErrorCode.TYPE_MISMATCH, error_message=said, reason=Reason.ERROR
            )
        metadata = {name: value for name, value in found.extra.items() if isinstance(value, (bool, str, int, float))}
        return FlagResolutionDetails(
            value=found.value, variant=found.variant, reason=found.reason, flag_metadata=metadata
        )
